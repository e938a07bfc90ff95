-- SPDX-License-Identifier: Apache-2.0
-- Notes which license comes to or leaves the ones that end on a day, whoever changes it.  Only adds rows: nobody waits
-- for anybody.  Touches: due_change.
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
