-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.license_addresses as
  select i.license_id, host(i.ip) as ip, i.since, i.until, i.order_id from bridge.license_ip i;
comment on view ops.license_addresses is 'Every address that a license has or had';
grant select on ops.license_addresses to bridge_ops;
