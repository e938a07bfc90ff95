-- The catalogues as last read, and what whole calls were seen to cost.
-- $1 account (null: any)
select account, upstream_type, name, price, visible, updated_at, learned
from ops.product_costs
where $1::text is null or account = $1
order by account, upstream_type
