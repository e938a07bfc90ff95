-- SPDX-License-Identifier: Apache-2.0
-- What an operator may do.  Every action is kept with its actor and reason.

create function bridge.operator_note(p_actor text, p_action text, p_order bigint, p_account text, p_reason text,
                                     p_detail jsonb default '{}') returns void language sql as $$
  insert into bridge.operator_action (actor, action, order_id, account, reason, detail)
  values (p_actor, p_action, p_order, p_account, p_reason, p_detail)
$$;

create function bridge.token_create(p_actor text, p_name text, p_digest bytea, p_scopes text[], p_expires timestamptz)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id bigint;
begin
  insert into bridge.token (name, digest, scopes, expires_at) values (p_name, p_digest, p_scopes, p_expires)
  returning token_id into id;
  perform bridge.operator_note(p_actor, 'token.create', null, null, null,
    jsonb_build_object('token_id', id, 'name', p_name, 'scopes', p_scopes, 'expires_at', p_expires));
  return id;
end
$$;

create function bridge.token_revoke(p_actor text, p_token bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bridge.token set revoked_at = now() where token_id = p_token and revoked_at is null;
  if found then
    perform bridge.operator_note(p_actor, 'token.revoke', null, null, null, jsonb_build_object('token_id', p_token));
  end if;
  return found;
end
$$;

create function bridge.operator_pause(p_actor text, p_account text, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bridge.account set paused = true, pause_reason = p_reason, version = version + 1
  where account = p_account and not paused;
  if found then
    perform bridge.operator_note(p_actor, 'account.pause', null, p_account, p_reason);
  end if;
  return found;
end
$$;

create function bridge.operator_resume(p_actor text, p_account text, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bridge.account set paused = false, pause_reason = null, version = version + 1
  where account = p_account and paused;
  if not found then
    return false;
  end if;
  perform bridge.operator_note(p_actor, 'account.resume', null, p_account, p_reason);
  perform bridge.holds_release(p_account, array['account_paused', 'account_denied'], null);
  return true;
end
$$;

-- Lets a held order go on: back into its line, whatever it was held for.
create function bridge.operator_release(p_actor text, p_order bigint, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o bridge.orders;
begin
  perform from bridge.line where license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  select * into o from bridge.orders where order_id = p_order and state = 'held' for update;
  if not found then
    return false;
  end if;
  update bridge.orders
  set state = 'blocked', parked = false, reason_code = 'released', reason = 'released by an operator',
      next_try_at = null, updated_at = now()
  where order_id = p_order;
  if o.parked then
    update bridge.line set pending = pending + 1 where license_id = o.license_id;
  end if;
  perform bridge.operator_note(p_actor, 'order.release', p_order, o.account, p_reason);
  perform bridge.line_advance(o.license_id);
  return true;
end
$$;

-- Ends an order that has not begun, or of which it is known that it was not carried out.
create function bridge.operator_cancel(p_actor text, p_order bigint, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o bridge.orders;
begin
  perform from bridge.line where license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  select * into o from bridge.orders
  where order_id = p_order and state in ('queued', 'blocked', 'held') and not doubted for update;
  if not found then
    return false;
  end if;
  if o.parked then
    update bridge.line set pending = pending + 1 where license_id = o.license_id;
  end if;
  perform bridge.order_end_uncalled(p_order, 'cancelled', 'cancelled', coalesce(p_reason, 'cancelled by an operator'));
  perform bridge.operator_note(p_actor, 'order.cancel', p_order, o.account, p_reason);
  perform bridge.line_advance(o.license_id);
  return true;
end
$$;

grant execute on function bridge.token_create, bridge.token_revoke, bridge.operator_pause, bridge.operator_resume,
  bridge.operator_release, bridge.operator_cancel, bridge.product_store, bridge.balance_store to bridge_operator;
