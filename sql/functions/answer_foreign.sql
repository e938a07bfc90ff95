-- SPDX-License-Identifier: Apache-2.0
-- Whether a create was answered with the id of a license that we have elsewhere: then the answer belongs to another
-- order.  Proves nothing where the provider is known to give several licenses one id.  Touches nothing.
create or replace function bridge.answer_foreign(o bridge.orders, p_upstream_id text) returns boolean
language sql stable as $$
  select count(*) = 1 and bool_and((l.upstream_type, l.ip) is distinct from (o.upstream_type, o.ip))
  from (select x.upstream_type, x.ip from bridge.license x
        where x.account = o.account and x.upstream_license_id = p_upstream_id and x.provider = '724license'
          and x.license_id <> o.license_id limit 2) l
$$;
