-- SPDX-License-Identifier: Apache-2.0
-- What a done order changes.  The caller has locked the license's line.  p_order: as it ended.
-- Touches: license and what belongs to it, pair, line.
create or replace function bridge.order_succeeded(o bridge.orders) returns void language plpgsql as $$
begin
  case o.type
  when 'license.create' then
    update bridge.license
    set status = 'active', ip = o.ip, license_key = o.license_key, upstream_license_id = o.upstream_license_id,
        period_end = o.period_end, billing_months = o.billing_months, bought_at = now(), terminated_at = null,
        product_code = o.product_code, upstream_type = o.upstream_type, updated_at = now()
    where license_id = o.license_id;
    if o.ip is not null then
      perform bridge.license_ip_set(o, o.upstream_type, o.ip);
    end if;
  when 'license.renew' then
    update bridge.license
    set period_end = coalesce(o.period_end, period_end), billing_months = coalesce(o.billing_months, billing_months),
        updated_at = now()
    where license_id = o.license_id;
  when 'license.suspend' then
    update bridge.license set status = 'suspended', updated_at = now()
    where license_id = o.license_id and status = 'active';
  when 'license.unsuspend' then
    update bridge.license set status = 'active', updated_at = now()
    where license_id = o.license_id and status = 'suspended';
  when 'license.terminate' then
    perform bridge.license_terminated(o);
  when 'license.change_ip' then
    update bridge.license set ip = o.new_ip, updated_at = now() where license_id = o.license_id;
    perform bridge.license_ip_set(o, o.upstream_type, o.new_ip);
    perform bridge.pair_leave(o.account, o.upstream_type, o.ip, o.license_id);
  when 'license.change_product' then
    update bridge.license set product_code = o.new_product_code, upstream_type = o.new_upstream_type,
      updated_at = now() where license_id = o.license_id;
    perform bridge.license_ip_set(o, o.new_upstream_type, o.ip);
    if o.new_upstream_type <> o.upstream_type then
      perform bridge.pair_leave(o.account, o.upstream_type, o.ip, o.license_id);
    end if;
  when 'license.verify' then
    null;
  end case;
  if o.sequence is not null then
    update bridge.line set done_sequence = greatest(done_sequence, o.sequence) where license_id = o.license_id;
  end if;
end
$$;
