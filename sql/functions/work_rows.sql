-- SPDX-License-Identifier: Apache-2.0
-- What a worker needs to know about an order that it carries out under the lease p_epoch.  One row; a set, and its
-- columns one by one, because PostgreSQL makes such a function part of the statement that asks.
-- Touches (reads): license, pair, product, product_price.
create or replace function bridge.work_rows(o bridge.orders, p_epoch bigint) returns setof bridge.work
language sql stable as $$
  select o.license_id, p_epoch, o.order_id, o.attempts, o.type::text, o.paid, o.provider, o.account, o.source, o.service_id,
         o.product_code, o.new_product_code, o.upstream_type, o.new_upstream_type,
         o.type = 'license.create' and o.recycled = 'renew' and exists (
           select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type
             and p.ip = o.ip and p.terminated_at is not null),
         host(o.ip), host(o.new_ip), o.billing_months, o.period_end::text, o.license_key, o.customer_email, o.domain,
         o.hwid, o.machine_name, o.os_info, o.verification_type, o.cause, o.max_credits::text, o.doubted, l.status::text,
         not exists (select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type
                       and p.ip = o.new_ip and (p.owned_at is not null or p.terminated_at is not null)),
         case when o.paid then (
           select bridge.price_learned(o, c.price)::text from bridge.product c
           where c.account = o.account and c.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)) end
  from bridge.license l where l.license_id = o.license_id
$$;
