-- SPDX-License-Identifier: Apache-2.0
-- What the peers of `make bench` write to: tables like the bridge's own, with their indexes, checks and foreign keys to the
-- license, but without triggers, and one function that stores one delivery in one round trip, planned once a connection.
-- They are spared the foreign keys to the account: ten connections would share the lock of its one row, which makes them slow.
create schema peer;
create table peer.license (like bridge.license including all);
create table peer.license_product (like bridge.license_product including all);
create table peer.line (like bridge.line including all);
create table peer.pair (like bridge.pair including all);
create table peer.orders (like bridge.orders including all);
create table peer.delivery (like bridge.delivery including all);
create table peer.event (like bridge.event including all);
create table peer.attempt (like bridge.attempt including all);
alter table peer.license_product add foreign key (license_id) references peer.license;
alter table peer.line add foreign key (license_id) references peer.license;
alter table peer.pair add foreign key (license_id) references peer.license;
alter table peer.orders add foreign key (license_id) references peer.license;

create function peer.accept(
  p_source text, p_delivery_id text, p_digest bytea, p_body bytea, p_address text, p_type text, p_operation_key text,
  p_fingerprint bytea, p_service_id text, p_provider text, p_account text, p_product_code text, p_paid boolean,
  p_ip text, p_billing_months int, p_period_end text, p_customer_email text, p_cause text, p_panel_order_id text,
  p_invoice_id text, p_invoice_item_id text, p_event_at timestamptz)
returns table (outcome text, id bigint, state text) language plpgsql as $$
declare
  license bigint;
  waits boolean := false;
  place bigint := 1;
begin
  id := nextval('bridge.order_id_seq');
  insert into peer.delivery (source, delivery_id, digest, order_id) values (p_source, p_delivery_id, p_digest, id)
  on conflict do nothing;
  if not found then
    return query
      select case when d.digest = p_digest then 'duplicate' else 'conflict' end, d.order_id, o.state::text
      from peer.delivery d join peer.orders o using (order_id)
      where d.source = p_source and d.delivery_id = p_delivery_id;
    return;
  end if;
  select p.license_id into license from peer.license_product p
  where p.source = p_source and p.service_id = p_service_id and p.product_code = p_product_code;
  if found then
    update peer.line l
    set pending = l.pending + 1, last_position = l.last_position + 1, head_order = coalesce(l.head_order, id),
        run_at = case when l.head_order is null then now() else l.run_at end
    where l.license_id = license returning l.head_order <> id, l.last_position into waits, place;
  else
    insert into peer.license (source, service_id, provider, account, product_code, upstream_type, status, ip)
    values (p_source, p_service_id, p_provider, p_account, p_product_code, p_product_code, 'pending', p_ip::inet)
    returning license_id into license;
    insert into peer.license_product (source, service_id, product_code, license_id)
    values (p_source, p_service_id, p_product_code, license);
    insert into peer.line (license_id, account, head_order, head_paid, pending, run_at, last_position)
    values (license, p_account, id, p_paid, 1, now(), 1);
    insert into peer.pair (account, upstream_type, ip, license_id) values (p_account, p_product_code, p_ip::inet, license)
    on conflict do nothing;
  end if;
  state := case when waits then 'blocked' else 'queued' end;
  insert into peer.orders (order_id, license_id, source, operation_key, fingerprint, type, paid, provider, account,
    service_id, product_code, upstream_type, recycled, ip, billing_months, period_end, customer_email, order_sequence,
    position, cause, panel_order_id, invoice_id, invoice_item_id, event_at, state, next_try_at)
  values (id, license, p_source, p_operation_key, p_fingerprint, p_type::bridge.order_type, p_paid, p_provider,
    p_account, p_service_id, p_product_code, p_product_code, 'create', p_ip::inet, p_billing_months,
    p_period_end::date, p_customer_email, 0, place, p_cause, p_panel_order_id, p_invoice_id, p_invoice_item_id,
    p_event_at, state::bridge.order_state, case when not waits then now() end);
  insert into peer.event (order_id, source, delivery_id, address, body)
  values (id, p_source, p_delivery_id, p_address, p_body);
  outcome := 'accepted';
  return next;
end
$$;
