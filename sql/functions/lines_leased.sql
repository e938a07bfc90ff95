-- SPDX-License-Identifier: Apache-2.0
-- Leases up to p_limit lines of an account whose head is paid, or is not, for p_lease_ms: their heads, and the epochs of
-- the leases; null when there is none.  The longest due come first, in the order of line_ripe, so that a long queue is
-- not read to its end: account and head_paid are part of that order.  Nor is what the session's looks before have done
-- away with (look_from).  Touches: line.
create or replace function bridge.lines_leased(
  p_worker text, p_account text, p_paid boolean, p_limit int, p_lease_ms bigint, out heads bigint[], out epochs bigint[])
language plpgsql as $$
declare
  look constant text := format('bridge.look_%s%s', case when p_paid then 'paid_' end, encode(convert_to(p_account, 'UTF8'), 'hex'));
  since constant timestamptz := bridge.look_from(look);
  first timestamptz;
begin
  with ripe as materialized (
    select l.license_id, l.run_at from bridge.line l
    where l.account = p_account and l.head_paid = p_paid and l.run_at >= since and l.run_at <= now()
      and l.lease_owner is null
    order by l.account, l.head_paid, l.run_at limit p_limit
    for update skip locked
  ), leased as (
    update bridge.line l
    set lease_owner = p_worker, lease_epoch = l.lease_epoch + 1,
        lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
    from ripe where l.license_id = ripe.license_id
    returning l.head_order, l.lease_epoch, ripe.run_at
  )
  select array_agg(leased.head_order), array_agg(leased.lease_epoch), min(leased.run_at)
  into heads, epochs, first from leased;
  perform bridge.look_ended(look, since, case when coalesce(cardinality(heads), 0) < p_limit then now() else first end);
end
$$;
