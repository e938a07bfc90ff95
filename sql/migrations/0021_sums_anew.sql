-- SPDX-License-Identifier: Apache-2.0
-- Migration 0019 changed what is summed, but the functions and the trigger that go with it came a transaction later,
-- while programs worked: hours could be summed the old way and then once more, and licenses change unnoticed.  So
-- everything is summed and counted anew, and what must not be missing for a moment is made here.

-- Nothing is summed until the functions of this release are there; a call that has begun ends before this or finds the
-- row as it is left here.
create or replace function bridge.hours_sum(p_most int) returns int language sql security definer
set search_path = pg_catalog, pg_temp as 'select 0';
delete from bridge.schema_routine where name = 'functions/hours_sum';
update bridge.summed set until = null, last_order = 0, mark = null, mark_order = null, running = null;
lock table bridge.hour in access exclusive mode;
delete from bridge.hour_account;
delete from bridge.account_total;
delete from bridge.hour;
-- Before 0019 each sum had one: a call of that release that has begun already and comes to write now must fail.
alter table bridge.hour add constraint hour_summed_anew check (last_order is null);

lock table bridge.license in share row exclusive mode;

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

create or replace function bridge.license_due() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into bridge.due_change (period_end, account, upstream_type, billing_months, licenses)
  select x.period_end, x.account, x.upstream_type, coalesce(x.billing_months, 1), x.n
  from (values (old.status, old.provider, old.period_end, old.account, old.upstream_type, old.billing_months, -1),
               (new.status, new.provider, new.period_end, new.account, new.upstream_type, new.billing_months, 1))
    as x(status, provider, period_end, account, upstream_type, billing_months, n)
  where x.status = 'active' and x.provider = '724license' and x.period_end is not null;
  return null;
end
$$;
create or replace trigger license_due_first after insert on bridge.license for each row
  when (new.status = 'active' and new.provider = '724license')
  execute function bridge.license_due();
create or replace trigger license_due after update on bridge.license for each row
  when ((old.status = 'active' or new.status = 'active') and '724license' in (old.provider, new.provider)
        and (old.status, old.period_end, old.account, old.upstream_type, old.billing_months)
            is distinct from (new.status, new.period_end, new.account, new.upstream_type, new.billing_months))
  execute function bridge.license_due();

-- Bought since 0019 by programs of before it.
update bridge.license l set billing_months = o.billing_months
from bridge.license x
cross join lateral (
  select b.billing_months from bridge.orders b
  where b.license_id = x.license_id and b.type in ('license.create', 'license.renew') and b.state = 'succeeded'
    and b.billing_months is not null
  order by b.position desc limit 1) o
where x.license_id = l.license_id and l.provider = '724license' and o.billing_months is distinct from l.billing_months
  and x.updated_at > (select m.applied_at - interval '1 hour' from bridge.schema_migration m where m.number = 19);

delete from bridge.due_change;
delete from bridge.due;
insert into bridge.due (period_end, account, upstream_type, billing_months, licenses)
select l.period_end, l.account, l.upstream_type, coalesce(l.billing_months, 1), count(*) from bridge.license l
where l.provider = '724license' and l.status = 'active' and l.period_end is not null group by 1, 2, 3, 4;
