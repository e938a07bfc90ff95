-- What a database can tell about its own health: rows of check, result (ok, warn, fail), detail.
-- $1 this host's time in ms since 1970  $2 accounts of the configuration text[]
with setting as (
  select name, setting from pg_catalog.pg_settings
), month as (
  select p.parent || '_' || to_char(now() at time zone 'UTC' + m.ahead * interval '1 month', 'YYYYMM') as name
  from unnest(array['event', 'attempt', 'order_history', 'refusal']) p(parent), generate_series(0, 1) m(ahead)
), late as (
  select round(abs(extract(epoch from clock_timestamp()) * 1000 - $1::bigint)) as ms
), checked as (
  select 10 as rank, 'PostgreSQL version' as "check", case when setting::int >= 150000 then 'ok' else 'fail' end as result,
         current_setting('server_version') || ', 15 or later is needed' as detail
  from setting where name = 'server_version_num'
  union all
  select 11, 'setting ' || name, case setting when 'on' then 'ok' else 'fail' end,
         setting || case setting when 'on' then '' else ': an acknowledged order may be lost; front door and workers refuse it' end
  from setting where name in ('fsync', 'full_page_writes')
  union all
  select 12, 'setting ' || name, case setting when 'off' then 'fail' when 'local' then 'warn' else 'ok' end,
         setting || case setting when 'off' then ': an acknowledged order may be lost; front door and workers refuse it'
                                 when 'local' then ': every session of the bridge raises it to on' else '' end
  from (select name, reset_val as setting from pg_catalog.pg_settings where name = 'synchronous_commit') s
  union all
  select 13, 'standby', case when names <> '' and standbys = 0 then 'fail' else 'ok' end,
         case when names = '' then 'no commit waits for one'
              when standbys = 0 then 'commits wait for one, and none is connected: deliveries are answered 503'
              else standbys || ' connected' end
  from (select current_setting('synchronous_standby_names') as names,
               (select count(*) from pg_catalog.pg_stat_replication) as standbys) s
  union all
  select 20, 'clock', case when ms > 150000 then 'fail' when ms > 5000 then 'warn' else 'ok' end,
         'this host and the database differ by ' || ms || ' ms'
  from late
  union all
  select 30, 'role ' || r.name, case when p.rolname is null then 'fail' else 'ok' end,
         case when p.rolname is null then 'is missing: run bridgectl migrate as a user who may create roles' else '' end
  from unnest(array['bridge_owner', 'bridge_intake', 'bridge_worker', 'bridge_ops', 'bridge_operator']) r(name)
  left join pg_catalog.pg_roles p on p.rolname = r.name
  union all
  select 40, 'partitions', case when count(*) filter (where to_regclass('bridge.' || name) is null) = 0 then 'ok' else 'warn' end,
         case when count(*) filter (where to_regclass('bridge.' || name) is null) = 0 then 'this month and the next'
              else string_agg(name, ' ' order by name) filter (where to_regclass('bridge.' || name) is null)
                   || ' missing: a running worker makes them' end
  from month
  union all
  select 50, 'workers', case when count(*) = 0 then 'fail' else 'ok' end,
         count(*) || ' seen within the last minute'
  from ops.workers where seen_at > now() - interval '1 minute'
  union all
  select 60, 'account ' || c.name, case when a.account is null or a.paused then 'warn' else 'ok' end,
         case when a.account is null then 'the database does not know it: has a worker run with this configuration?'
              when a.paused then 'paused: ' || a.pause_reason else 'not paused' end
  from unnest($2::text[]) c(name) left join ops.accounts a on a.account = c.name
  union all
  select 70, 'review', case when count(*) = 0 then 'ok' else 'warn' end, count(*) || ' orders wait for a person'
  from ops.orders where state = 'needs_review'
  union all
  select 80, 'callbacks', case when coalesce(sum(dead), 0) = 0 then 'ok' else 'warn' end,
         coalesce(sum(waiting), 0) || ' notices wait, ' || coalesce(sum(dead), 0) || ' are dead letters'
  from ops.callbacks_pending
)
select "check", result, detail from checked order by rank, "check"
