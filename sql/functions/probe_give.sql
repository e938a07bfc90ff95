-- SPDX-License-Identifier: Apache-2.0
-- R7.  The probe that took the line under p_epoch has ended.  p_certain: it was answered, so that
-- nothing of it can come late.  If the order was settled meanwhile, its line goes on.  Touches: line.
create or replace function bridge.probe_give(p_worker text, p_order bigint, p_epoch bigint, p_certain boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  update bridge.line ln
  set lease_owner = null, lease_until = null,
      -- An earlier probe that was lost may still act, whatever this one was answered.
      settle_until = case when p_certain then ln.settle_until else greatest(ln.settle_until, ln.probe_until) end,
      probe_until = null,
      run_at = case when exists (select from bridge.orders o where o.order_id = ln.head_order and o.state = 'queued')
                    then greatest(now(), ln.settle_until, case when not p_certain then ln.probe_until end) end
  where ln.license_id = l.license_id and ln.lease_owner = p_worker and ln.lease_epoch = p_epoch;
end
$$;
grant execute on function bridge.probe_give to bridge_worker;
