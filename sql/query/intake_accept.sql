-- One batch of checked deliveries, one row of answer each, in one transaction.
-- Arrays, one element per delivery, all the same length:
-- $1 source text  $2 delivery_id text  $3 digest bytea  $4 body bytea  $5 address text
-- $6 type text  $7 operation_key text  $8 fingerprint bytea  $9 service_id text
-- $10 provider text  $11 account text  $12 product_code text  $13 upstream_type text
-- $14 new_product_code text  $15 new_upstream_type text  $16 recycled text ('create' or 'renew')
-- $17 paid bool  $18 ip text  $19 new_ip text  $20 billing_months int8  $21 period_end text
-- $22 license_key text  $23 customer_email text  $24 domain text  $25 hwid text
-- $26 machine_name text  $27 os_info text  $28 verification_type text
-- $29 sequence int8  $30 cause text  $31 max_credits text  $32 panel_order_id text
-- $33 invoice_id text  $34 invoice_item_id text  $35 event_ms int8
select idx, outcome, order_id, state, reason, field, text
from bridge.intake_accept($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                          $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)
order by idx
