-- SPDX-License-Identifier: Apache-2.0
-- R7.  The probe is about to be asked, by one worker alone: it leases the line.  The probe is a state call, so until
-- it can no longer act the license's next order waits.  Says the lease's epoch; null: another worker is at it, or the
-- pair was adopted or settled meanwhile, so that what is found would prove nothing.  One in review is asked for again
-- after as long as it has lain there, at most an hour.  Touches: line, orders.
create or replace function bridge.probe_take(p_worker text, p_order bigint, p_lease_ms bigint, p_late_ms bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  -- A statement of its own, so that it sees what whoever held the line before has done.
  if l.lease_owner is not null
     or not exists (select from bridge.orders o where o.order_id = p_order and (o.state = 'in_doubt' or o.unsettled)
                    and bridge.order_probeable(o)) then
    return null;
  end if;
  update bridge.line
  set lease_owner = p_worker, lease_epoch = lease_epoch + 1, lease_until = now() + p_lease_ms * interval '1 ms',
      run_at = now() + p_lease_ms * interval '1 ms', probe_until = now() + p_late_ms * interval '1 ms'
  where license_id = l.license_id;
  update bridge.orders
  set next_try_at = now() + least(greatest(p_late_ms * interval '1 ms', now() - deadline), interval '1 hour')
  where order_id = p_order and unsettled;
  return l.lease_epoch + 1;
end
$$;
grant execute on function bridge.probe_take to bridge_worker;
