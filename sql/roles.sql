-- SPDX-License-Identifier: Apache-2.0
-- The roles of License Bridge.  Idempotent; run by `bridgectl migrate` before the
-- migrations when its user may create roles.  No passwords here: how a role may
-- log in is decided in pg_hba.conf.
do $$
declare
  name text;
begin
  foreach name in array array['bridge_owner', 'bridge_intake', 'bridge_worker', 'bridge_ops', 'bridge_operator'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
      execute format('create role %I %s', name, case when name = 'bridge_owner' then 'nologin' else 'login' end);
    end if;
  end loop;
end
$$;
comment on role bridge_owner is 'License Bridge: owns and migrates the schema';
comment on role bridge_intake is 'License Bridge: front door; may call the intake functions, sees no table';
comment on role bridge_worker is 'License Bridge: may call the worker functions, which move orders';
comment on role bridge_ops is 'License Bridge: reads the views of schema ops';
comment on role bridge_operator is 'License Bridge: calls the operator functions, reads the views';
grant bridge_ops to bridge_operator;
do $$
begin
  execute format('grant create, connect, temporary on database %I to bridge_owner', current_database());
  execute format('grant connect on database %I to bridge_intake, bridge_worker, bridge_ops, bridge_operator',
                 current_database());
end
$$;
