-- One license, the addresses it had, and its newest orders.
-- $1 license
select l.license_id, l.source, l.service_id, l.provider, l.account, l.product_code, l.upstream_type, l.status, l.ip,
       l.license_key, l.upstream_license_id, l.period_end, l.expires_at, l.bought_at, l.adopted_at, l.terminated_at, l.invalid_at,
       l.pending, l.head_order, l.run_at, l.created_at, l.updated_at,
       coalesce((select jsonb_agg(jsonb_build_object('ip', i.ip, 'since', bridge.utc(i.since), 'until', bridge.utc(i.until),
                                                     'order_id', i.order_id::text) order by i.since desc)
                 from ops.license_addresses i where i.license_id = l.license_id), '[]') as addresses,
       coalesce((select jsonb_agg(jsonb_build_object(
           'order_id', o.order_id::text, 'source', o.source, 'service_id', o.service_id, 'operation_key', o.operation_key,
           'type', o.type, 'state', o.state, 'reason_code', o.reason_code, 'reason', o.reason, 'attempts', o.attempts,
           'doubted', o.doubted, 'account', o.account, 'product_code', o.product_code, 'ip', o.ip, 'new_ip', o.new_ip,
           'license_id', o.license_id::text, 'credits', o.credits::text, 'price', o.price::text,
           'created_at', bridge.utc(o.created_at), 'updated_at', bridge.utc(o.updated_at),
           'finished_at', bridge.utc(o.finished_at),
           'next_try_at', bridge.utc(o.run_at)) order by o.order_id desc)
         from (select * from ops.orders where license_id = l.license_id order by order_id desc limit 100) o),
       '[]') as orders
from ops.licenses l
where l.license_id = $1::bigint
