-- Made by make schema: the schema that the migrations lead to.  Not run by anything.

CREATE SCHEMA bridge;

COMMENT ON SCHEMA bridge IS 'License Bridge: the ledger of orders; reached through functions';

CREATE SCHEMA ops;

COMMENT ON SCHEMA ops IS 'License Bridge: views for operators and analysts';

CREATE TYPE bridge.license_status AS ENUM (
    'unknown',
    'pending',
    'active',
    'suspended',
    'terminated'
);

CREATE TYPE bridge.adopt_row AS (
    idx integer,
    source text,
    service_id text,
    product_code text,
    provider text,
    account text,
    upstream_type text,
    ip inet,
    license_key text,
    upstream_license_id text,
    period_end date,
    status bridge.license_status
);

CREATE TYPE bridge.begin_result AS (
    attempt integer,
    code text,
    price text
);

CREATE TYPE bridge.work AS (
    license_id bigint,
    epoch bigint,
    order_id bigint,
    attempt integer,
    type text,
    paid boolean,
    provider text,
    account text,
    source text,
    service_id text,
    product_code text,
    new_product_code text,
    upstream_type text,
    new_upstream_type text,
    recycle boolean,
    ip text,
    new_ip text,
    billing_months integer,
    period_end text,
    license_key text,
    customer_email text,
    domain text,
    hwid text,
    machine_name text,
    os_info text,
    verification_type text,
    cause text,
    max_credits text,
    doubted boolean,
    license_status text,
    target_fresh boolean,
    learned text
);

CREATE TYPE bridge.claimed AS (
    wait_ms bigint,
    probe boolean,
    work bridge.work
);

CREATE TYPE bridge.intake_result AS (
    idx integer,
    outcome text,
    order_id bigint,
    state text,
    reason text,
    field text,
    text text
);

CREATE TYPE bridge.intake_row AS (
    idx integer,
    source text,
    delivery_id text,
    digest bytea,
    body bytea,
    address text,
    type text,
    operation_key text,
    fingerprint bytea,
    service_id text,
    provider text,
    account text,
    product_code text,
    upstream_type text,
    new_product_code text,
    new_upstream_type text,
    recycled text,
    paid boolean,
    ip text,
    new_ip text,
    billing_months bigint,
    period_end text,
    license_key text,
    customer_email text,
    domain text,
    hwid text,
    machine_name text,
    os_info text,
    verification_type text,
    sequence bigint,
    cause text,
    max_credits text,
    panel_order_id text,
    invoice_id text,
    invoice_item_id text,
    event_ms bigint
);

CREATE TYPE bridge.order_state AS ENUM (
    'queued',
    'blocked',
    'held',
    'calling',
    'in_doubt',
    'needs_review',
    'succeeded',
    'failed',
    'cancelled'
);

CREATE TYPE bridge.order_type AS ENUM (
    'license.create',
    'license.renew',
    'license.suspend',
    'license.unsuspend',
    'license.terminate',
    'license.change_ip',
    'license.change_product',
    'license.verify'
);

CREATE TYPE bridge.verdict AS ENUM (
    'done',
    'later',
    'refused',
    'unsure'
);

CREATE TYPE bridge.window_look AS (
    version bigint,
    state text,
    window_id bigint,
    tainted boolean,
    solo boolean,
    balance_open text,
    confirmed text,
    begun integer,
    calling integer,
    doubts integer,
    ready boolean,
    paused boolean,
    alarm text,
    width integer,
    age_ms bigint,
    settle_ms bigint,
    unread_ms bigint,
    solo_other text,
    solo_free boolean
);

CREATE FUNCTION bridge.account_doubts(p_account text) RETURNS TABLE(version bigint, order_id bigint, attempt integer, price text, price_other text, may_be_free boolean, probe boolean, upstream_type text, ip text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select a.version, o.order_id, o.attempts, o.price::text, o.price_other::text, o.may_be_free, bridge.order_probeable(o),
         coalesce(o.new_upstream_type, o.upstream_type), host(o.ip)
  from bridge.account a
  join bridge.orders o on o.account = a.account and o.paid and o.state = 'in_doubt'
  where a.account = p_account
  order by o.order_id
$$;

CREATE FUNCTION bridge.account_ensure(text[], text[], bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  insert into bridge.account as a (account, provider, quiet)
  select u.a, u.p, u.q * interval '1 ms' from unnest($1, $2, $3) as u(a, p, q)
  where not exists (select from bridge.account k where k.account = u.a and k.quiet = u.q * interval '1 ms')
  order by u.a
  on conflict (account) do update set quiet = excluded.quiet where a.quiet is distinct from excluded.quiet
$_$;

CREATE TABLE bridge.account (
    account text NOT NULL,
    provider text NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    pause_reason text,
    window_id bigint,
    window_state text DEFAULT 'shut'::text NOT NULL,
    width integer DEFAULT 1 NOT NULL,
    alarm text,
    alarm_at timestamp with time zone,
    unread_since timestamp with time zone,
    balance numeric(20,6),
    balance_at timestamp with time zone,
    sandbox boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    quiet interval,
    low_balance numeric(20,6)[] DEFAULT '{}'::numeric[] NOT NULL,
    low_told numeric(20,6)[] DEFAULT '{}'::numeric[] NOT NULL,
    catalogue_at timestamp with time zone,
    info jsonb,
    info_at timestamp with time zone,
    unread_at timestamp with time zone,
    awake_since timestamp with time zone,
    CONSTRAINT account_check CHECK ((paused = (pause_reason IS NOT NULL))),
    CONSTRAINT account_provider_check CHECK ((provider ~ '^[a-z0-9]{1,64}$'::text)),
    CONSTRAINT account_width_check CHECK (((width >= 1) AND (width <= 8))),
    CONSTRAINT account_window_state_check CHECK ((window_state = ANY (ARRAY['shut'::text, 'open'::text, 'drain'::text])))
);

COMMENT ON TABLE bridge.account IS 'One set of credentials at a provider; version rises with every change that money depends on';

COMMENT ON COLUMN bridge.account.width IS 'Paid calls in flight at once just now: 1 after an incident, doubled by each window without doubt';

COMMENT ON COLUMN bridge.account.alarm IS 'The balance moved without explanation: windows are tainted until a person has looked';

COMMENT ON COLUMN bridge.account.unread_since IS 'Since when the balance cannot be read';

COMMENT ON COLUMN bridge.account.quiet IS 'How long after a call''s deadline a late effect is waited for, as last configured';

COMMENT ON COLUMN bridge.account.low_balance IS 'A notice goes out when the balance falls below one of these';

COMMENT ON COLUMN bridge.account.low_told IS 'Those below which it is and which were told: one that it reaches again is taken out';

COMMENT ON COLUMN bridge.account.catalogue_at IS 'When a worker last set about reading the catalogue';

COMMENT ON COLUMN bridge.account.info IS 'What the provider said of itself';

COMMENT ON COLUMN bridge.account.unread_at IS 'When a reading of the balance last failed';

COMMENT ON COLUMN bridge.account.awake_since IS 'When workers came back after a minute or more without a sign of life';

CREATE FUNCTION bridge.account_lock(p_account text, p_version bigint) RETURNS bridge.account
    LANGUAGE sql
    AS $$
  select a from bridge.account a where a.account = p_account and a.version = p_version for no key update
$$;

CREATE FUNCTION bridge.account_pause(p_account text, p_reason text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update bridge.account set paused = true, pause_reason = p_reason, version = version + 1
  where account = p_account and not paused
$$;

CREATE FUNCTION bridge.account_robbed(p_account text, p_missing numeric) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  sentence text := format(
    '%s credits are gone that went while nothing was being bought: somebody else spends, or this database is an old '
    'backup. Find out, book them with "bridgectl balance adjust %s -%s", resume',
    trim_scale(p_missing), p_account, trim_scale(p_missing));
begin
  perform bridge.account_pause(p_account, sentence);
  perform bridge.operator_note('license-bridge', 'account.pause', null, p_account, sentence);
end
$$;

CREATE FUNCTION bridge.account_sweep() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  a bridge.account;
  w record;
  swept int := 0;
begin
  for a in select * from bridge.account where paused order by account loop
    for w in
      select l.license_id, l.head_order from bridge.line l
      where l.account = a.account and l.run_at is not null and l.lease_owner is null
      order by l.account, l.head_paid, l.run_at limit 1000 for update skip locked
    loop
      update bridge.orders
      set state = 'held', reason_code = 'account_paused', reason = 'the account is paused: ' || a.pause_reason,
          next_try_at = null, updated_at = now()
      where order_id = w.head_order and state = 'queued';
      update bridge.line set run_at = null where license_id = w.license_id;
      swept := swept + 1;
    end loop;
  end loop;
  for w in
    select c.account from bridge.account c
    where not c.paused and exists (select from bridge.orders o where o.account = c.account and o.state = 'held'
                                   and o.reason_code in ('account_paused', 'account_denied'))
  loop
    swept := swept + bridge.holds_release(w.account, array['account_paused', 'account_denied'], null);
  end loop;
  return swept;
end
$$;

CREATE SEQUENCE bridge.order_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE bridge.orders (
    order_id bigint DEFAULT nextval('bridge.order_id_seq'::regclass) NOT NULL,
    license_id bigint NOT NULL,
    source text NOT NULL,
    operation_key text NOT NULL,
    key_free boolean DEFAULT false NOT NULL,
    fingerprint bytea NOT NULL,
    type bridge.order_type NOT NULL,
    paid boolean NOT NULL,
    provider text NOT NULL,
    account text NOT NULL,
    service_id text NOT NULL,
    product_code text NOT NULL,
    upstream_type text NOT NULL,
    new_product_code text,
    new_upstream_type text,
    recycled text NOT NULL,
    ip inet,
    new_ip inet,
    billing_months integer,
    period_end date,
    license_key text,
    customer_email text,
    domain text,
    hwid text,
    machine_name text,
    os_info text,
    verification_type text,
    sequence bigint,
    order_sequence bigint NOT NULL,
    "position" bigint NOT NULL,
    cause text,
    max_credits numeric(20,6),
    panel_order_id text,
    invoice_id text,
    invoice_item_id text,
    event_at timestamp with time zone,
    state bridge.order_state NOT NULL,
    reason_code text,
    reason text,
    parked boolean DEFAULT false NOT NULL,
    waits_pair bigint,
    doubted boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    sent_attempt integer DEFAULT 0 NOT NULL,
    deadline timestamp with time zone,
    next_try_at timestamp with time zone,
    price numeric(20,6),
    price_other numeric(20,6),
    month_price numeric(20,6),
    window_id bigint,
    unsettled boolean DEFAULT false NOT NULL,
    credits numeric(20,6),
    upstream_license_id text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    may_be_free boolean DEFAULT false NOT NULL,
    CONSTRAINT orders_billing_months_check CHECK (((billing_months >= 1) AND (billing_months <= 120))),
    CONSTRAINT orders_check CHECK (((NOT key_free) OR (state = 'failed'::bridge.order_state))),
    CONSTRAINT orders_check1 CHECK (((NOT parked) OR (state = 'held'::bridge.order_state))),
    CONSTRAINT orders_check2 CHECK ((sent_attempt <= attempts)),
    CONSTRAINT orders_check3 CHECK (((NOT unsettled) OR (state = 'needs_review'::bridge.order_state))),
    CONSTRAINT orders_check4 CHECK (((finished_at IS NOT NULL) = (state = ANY (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state])))),
    CONSTRAINT orders_fingerprint_check CHECK ((length(fingerprint) = 32)),
    CONSTRAINT orders_max_credits_check CHECK ((max_credits >= (0)::numeric)),
    CONSTRAINT orders_recycled_check CHECK ((recycled = ANY (ARRAY['create'::text, 'renew'::text]))),
    CONSTRAINT orders_sequence_check CHECK ((sequence >= 0))
)
WITH (fillfactor='85');

COMMENT ON TABLE bridge.orders IS 'One requested operation on one license: the unit of work';

COMMENT ON COLUMN bridge.orders.key_free IS 'Ended failed after a definite refusal with nothing bought: its operation_key may be used again';

COMMENT ON COLUMN bridge.orders.order_sequence IS 'The sequence given, or the highest one of the license at arrival: with position a total order';

COMMENT ON COLUMN bridge.orders.parked IS 'Held outside the line (a second renewal of one period): does not block the orders behind it';

COMMENT ON COLUMN bridge.orders.doubted IS 'An attempt of this order may have been carried out without our knowing';

COMMENT ON COLUMN bridge.orders.sent_attempt IS 'The last attempt that passed the fence; below attempts: the last one was provably not sent';

COMMENT ON COLUMN bridge.orders.price IS 'What the paid call was booked to cost; price_other: what else it may cost while that is not learned; month_price: what the catalogue said then';

COMMENT ON COLUMN bridge.orders.unsettled IS 'In review because a paid call may have bought: taints every window until a person settles it';

COMMENT ON COLUMN bridge.orders.may_be_free IS 'The paid call under way may cost nothing: an address where a license of ours was, a change of product that is not learned';

CREATE FUNCTION bridge.account_touched(o bridge.orders, p_to bridge.order_state) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if not o.paid then
    return;
  end if;
  update bridge.account
  set version = version + 1, width = case when p_to = 'in_doubt' then 1 else width end,
      window_state = case when p_to = 'in_doubt' and window_state = 'open' then 'drain' else window_state end
  where account = o.account;
  update bridge.spending_window
  set state = case when p_to = 'in_doubt' and state = 'open' then 'drain' else state end,
      confirmed = confirmed + case when p_to = 'succeeded' and o.state in ('calling', 'in_doubt') then o.price else 0 end
  where window_id = o.window_id and state <> 'shut';
end
$$;

CREATE FUNCTION bridge.accounts_short() RETURNS TABLE(account text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select distinct o.account from bridge.orders o join bridge.account a using (account)
  where not a.paused and o.state = 'held' and not o.parked and o.reason_code in ('short_of_credits', 'balance_unreadable')
$$;

CREATE FUNCTION bridge.ack_latencies(p_since timestamp with time zone) RETURNS TABLE(source text, orders bigint, p50_s numeric, p95_s numeric, p99_s numeric, max_s numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $$
begin
  return query
  select o.source, count(*), percentile_disc(0.5) within group (order by s.seconds),
         percentile_disc(0.95) within group (order by s.seconds),
         percentile_disc(0.99) within group (order by s.seconds), max(s.seconds)
  from bridge.orders o
  cross join lateral (select round(extract(epoch from o.created_at - o.event_at), 3) as seconds) s
  where o.order_id > (select max(m.order_id) from bridge.orders m) - 10000
    and o.created_at > p_since and o.event_at is not null
  group by o.source;
end
$$;

CREATE FUNCTION bridge.adopt_check(r bridge.adopt_row, OUT id bigint, OUT same boolean, OUT field text, OUT problem text) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
  l bridge.license;
begin
  same := false;
  select lic.* into l from bridge.license_product p join bridge.license lic using (license_id)
  where p.source = r.source and p.service_id = r.service_id and p.product_code = r.product_code;
  id := l.license_id;
  if l.status in ('active', 'suspended') then
    select d.field, d.problem into field, problem from bridge.adopt_difference(r, l) d;
    same := field is null;
    return;
  elsif l.status in ('pending', 'terminated') then
    field := 'service_id';
    problem := case l.status when 'pending' then 'a create of this service is on its way'
                             else 'the license of this service was terminated: a create makes it anew' end;
    return;
  end if;
  select 'ip', format('%s on %s belongs to service %s of %s', r.upstream_type, host(r.ip), h.service_id, h.source)
  into field, problem
  from bridge.pair p join bridge.license h using (license_id)
  where p.account = r.account and p.upstream_type = r.upstream_type and p.ip = r.ip
    and h.license_id is distinct from id;
  if field is null then
    select 'license_key', format('the key belongs to service %s of %s', h.service_id, h.source) into field, problem
    from bridge.license h
    where h.account = r.account and h.license_key = r.license_key and h.license_id is distinct from id
      and h.status in ('pending', 'active', 'suspended') limit 1;
  end if;
end
$$;

CREATE TABLE bridge.license (
    license_id bigint NOT NULL,
    source text NOT NULL,
    service_id text NOT NULL,
    provider text NOT NULL,
    account text NOT NULL,
    product_code text NOT NULL,
    upstream_type text NOT NULL,
    status bridge.license_status DEFAULT 'unknown'::bridge.license_status NOT NULL,
    ip inet,
    license_key text,
    upstream_license_id text,
    period_end date,
    expires_at timestamp with time zone,
    bought_at timestamp with time zone,
    adopted_at timestamp with time zone,
    terminated_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    invalid_at timestamp with time zone,
    activated_at timestamp with time zone,
    verified_at timestamp with time zone,
    sweep_at timestamp with time zone,
    billing_months integer
);

COMMENT ON TABLE bridge.license IS 'The thing upstream, as one service of one panel has it';

COMMENT ON COLUMN bridge.license.invalid_at IS 'Since when the provider calls it invalid, as was told; null: it does not';

COMMENT ON COLUMN bridge.license.activated_at IS 'When the provider says that it was activated';

COMMENT ON COLUMN bridge.license.verified_at IS 'When the provider last said whether it is valid';

COMMENT ON COLUMN bridge.license.sweep_at IS 'When it is verified next without being asked to';

COMMENT ON COLUMN bridge.license.billing_months IS 'Of its last purchase; null: not bought by the bridge';

CREATE FUNCTION bridge.adopt_difference(r bridge.adopt_row, l bridge.license, OUT field text, OUT problem text) RETURNS record
    LANGUAGE sql IMMUTABLE
    AS $$
  select d.field, format('service %s has a %s license already, whose %s is %s', r.service_id, l.upstream_type, d.field,
                         coalesce(d.has, 'not known'))
  from (values ('product_code', l.account || ' ' || l.upstream_type, r.account || ' ' || r.upstream_type),
               ('ip', host(l.ip), host(r.ip)), ('license_key', l.license_key, r.license_key),
               ('upstream_license_id', l.upstream_license_id, r.upstream_license_id),
               ('period_end', l.period_end::text, r.period_end::text), ('status', l.status::text, r.status::text))
    as d(field, has, wanted)
  where d.has is distinct from d.wanted limit 1
$$;

CREATE FUNCTION bridge.adopt_one(r bridge.adopt_row, p_id bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  id bigint := p_id;
begin
  if id is null then
    insert into bridge.license (source, service_id, provider, account, product_code, upstream_type)
    values (r.source, r.service_id, r.provider, r.account, r.product_code, r.upstream_type) returning license_id into id;
    insert into bridge.license_product (source, service_id, product_code, license_id)
    values (r.source, r.service_id, r.product_code, id) on conflict do nothing;
    if not found then
      delete from bridge.license where license_id = id;
      return false;
    end if;
    insert into bridge.line (license_id, account) values (id, r.account);
  end if;
  if r.provider = '724license' then
    insert into bridge.pair as p (account, upstream_type, ip, license_id, owned_at)
    values (r.account, r.upstream_type, r.ip, id, now())
    on conflict (account, upstream_type, ip) do update
    set license_id = excluded.license_id, owned_at = excluded.owned_at, terminated_at = null
    where p.license_id is null or p.license_id = excluded.license_id;
    if not found then
      raise exception '% on % was taken meanwhile', r.upstream_type, host(r.ip) using errcode = 'unique_violation';
    end if;
  end if;
  update bridge.license
  set account = r.account, provider = r.provider, upstream_type = r.upstream_type, status = r.status, ip = r.ip,
      license_key = r.license_key, upstream_license_id = r.upstream_license_id, period_end = r.period_end,
      adopted_at = now(), updated_at = now()
  where license_id = id;
  if r.ip is not null then
    update bridge.license_ip set until = now() where license_id = id and until is null;
    insert into bridge.license_ip (license_id, ip, order_id) values (id, r.ip, null);
  end if;
  return true;
end
$$;

CREATE FUNCTION bridge.answer_foreign(o bridge.orders, p_upstream_id text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select count(*) = 1 and bool_and((l.upstream_type, l.ip) is distinct from (o.upstream_type, o.ip))
  from (select x.upstream_type, x.ip from bridge.license x
        where x.account = o.account and x.upstream_license_id = p_upstream_id and x.provider = '724license'
          and x.license_id <> o.license_id limit 2) l
$$;

CREATE FUNCTION bridge.answer_text(p_answer bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  for cut in 0 .. least(3, length(p_answer) - 1) loop
    begin
      return convert_from(substr(p_answer, 1, length(p_answer) - cut), 'UTF8');
    exception when character_not_in_repertoire or untranslatable_character then
      continue;
    end;
  end loop;
  return encode(p_answer, 'escape');
end
$$;

CREATE FUNCTION bridge.balance_expected(p_account text) RETURNS numeric
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select w.balance_close
         - coalesce((select sum(l.amount) from bridge.ledger l
                     where l.account = w.account and l.at > w.closed_at and l.kind in ('purchase', 'adjustment')
                       and l.amount > 0), 0)
         - coalesce((select sum(o.price) from bridge.orders o where o.account = w.account and o.unsettled), 0)
  from bridge.account a
  cross join lateral (
    select s.account, s.balance_close, s.closed_at from bridge.spending_window s
    where s.account = a.account and s.state = 'shut' and s.balance_close is not null
    order by s.window_id desc limit 1) w
  where a.account = p_account and a.window_state = 'shut' and not a.sandbox
$$;

CREATE FUNCTION bridge.balance_store(p_account text, p_balance numeric, p_sandbox boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update bridge.account set balance = p_balance, balance_at = now(), sandbox = p_sandbox, unread_since = null
  where account = p_account and (balance is distinct from p_balance or sandbox <> p_sandbox or balance_at is null
                                 or unread_since is not null or balance_at < now() - interval '1 minute');
end
$$;

CREATE FUNCTION bridge.balance_unread(p_account text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update bridge.account set unread_since = now() where account = p_account and unread_since is null
$$;

CREATE FUNCTION bridge.balance_unreadable(p_account text, p_gap_ms bigint, p_limit_ms bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  was bridge.account;
  since timestamptz;
  age interval;
begin
  select a.* into was from bridge.account a where a.account = p_account for no key update;
  since := case when was.unread_at > now() - p_gap_ms * interval '1 ms' then was.unread_since end;
  age := now() - coalesce(since, now());
  update bridge.account set unread_since = coalesce(since, now()), unread_at = now() where account = p_account;
  if age >= p_limit_ms * interval '1 ms' and was.unread_at - since < p_limit_ms * interval '1 ms' then
    perform bridge.operator_note('license-bridge', 'account.balance_unreadable', null, p_account,
      format('the balance cannot be read since %s UTC: orders go on one at a time, without conclusions from it',
             to_char(since at time zone 'UTC', 'YYYY-MM-DD HH24:MI')));
  end if;
  return extract(epoch from age) * 1000;
end
$$;

CREATE FUNCTION bridge.balance_warning(p_account text, p_left_after numeric, p_days_left numeric) RETURNS TABLE(severity text, text text)
    LANGUAGE sql IMMUTABLE SECURITY DEFINER ROWS 1
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case when p_left_after < 0 or p_days_left < 3 then 'critical' else 'warning' end,
         format('the credits of %s last %s days; after what waits and the renewals of 30 days %s are left', p_account,
                coalesce(p_days_left::text, 'many'), p_left_after)
  where p_left_after < 0 or p_days_left < 7
$$;

CREATE FUNCTION bridge.balance_watch() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  threshold numeric;
begin
  for threshold in
    select u from unnest(new.low_balance) u where new.balance < u and u <> all (new.low_told) order by u desc
  loop
    insert into bridge.operator_action (actor, action, account, reason)
    values ('license-bridge', 'account.balance_low', new.account,
            format('the balance is %s, below %s', trim_scale(new.balance), trim_scale(threshold)));
    perform bridge.callback_add(s.source, 'account:' || new.account, null, 'balance.low',
              json_build_object('account', new.account, 'provider', new.provider,
                                'balance', trim_scale(new.balance)::text, 'threshold', trim_scale(threshold)::text))
    from bridge.source s where s.callbacks and new.account = any (s.accounts) order by s.source;
  end loop;
  new.low_told := array(select u from unnest(new.low_balance) u where new.balance < u order by u desc);
  return new;
end
$$;

CREATE FUNCTION bridge.budget_cool(p_account text, p_endpoint text, p_egress text, p_retry_after_ms bigint, p_elapsed_ms bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  b bridge.budget;
  at timestamptz;
  rest interval;
  fresh boolean; -- made after the last strike: a probe, whose own wait is over
begin
  select * into b from bridge.budget
  where account = p_account and endpoint = p_endpoint and egress = p_egress for update;
  if not found then
    return null;
  end if;
  at := clock_timestamp();
  fresh := b.struck_at is null or at - p_elapsed_ms * interval '1 ms' >= b.struck_at;
  if fresh then
    b.strikes := b.strikes + 1;
  end if;
  rest := coalesce(p_retry_after_ms * interval '1 ms', least(b.per, b.per / 64 * 2 ^ least(b.strikes - 1, 6)));
  update bridge.budget
  set strikes = b.strikes, struck_at = at,
      cool_until = case when fresh then at + rest else greatest(cool_until, at + rest) end
  where account = p_account and endpoint = p_endpoint and egress = p_egress returning cool_until into b.cool_until;
  return ceil(extract(epoch from b.cool_until - at) * 1000);
end
$$;

CREATE FUNCTION bridge.budget_ease(p_account text, p_endpoint text, p_egress text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update bridge.budget set strikes = 0, struck_at = null, cool_until = null
  where account = p_account and endpoint = p_endpoint and egress = p_egress and strikes > 0
$$;

CREATE TABLE bridge.budget (
    account text NOT NULL,
    endpoint text NOT NULL,
    egress text NOT NULL,
    requests integer NOT NULL,
    per interval NOT NULL,
    types bridge.order_type[] DEFAULT '{}'::bridge.order_type[] NOT NULL,
    spent_at timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    spent integer[] DEFAULT '{}'::integer[] NOT NULL,
    strikes integer DEFAULT 0 NOT NULL,
    struck_at timestamp with time zone,
    cool_until timestamp with time zone,
    CONSTRAINT budget_check CHECK ((cardinality(spent_at) = cardinality(spent))),
    CONSTRAINT budget_per_check CHECK ((per > '00:00:00'::interval)),
    CONSTRAINT budget_requests_check CHECK ((requests > 0))
)
WITH (fillfactor='50');

COMMENT ON TABLE bridge.budget IS 'Calls that an endpoint still takes from one address; a row is locked while a batch is taken from it';

COMMENT ON COLUMN bridge.budget.egress IS 'The address that the provider sees, by the name that the hosts behind it have configured';

COMMENT ON COLUMN bridge.budget.types IS 'The orders that are carried out there, the more urgent first';

COMMENT ON COLUMN bridge.budget.spent IS 'Calls taken until spent_at, within the last stretch of length per';

COMMENT ON COLUMN bridge.budget.strikes IS 'How often the provider asked for fewer calls since it last answered: one call at a time until it does';

CREATE FUNCTION bridge.budget_free(b bridge.budget, p_at timestamp with time zone, OUT free integer, OUT next_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
declare
  life constant interval := bridge.budget_life(b);
  used int;
begin
  select coalesce(sum(s.calls), 0), min(s.at) + life into used, next_at
  from unnest(b.spent_at, b.spent) as s(at, calls) where s.at > p_at - life;
  free := greatest(b.requests - used, 0);
  if free > 0 then
    next_at := p_at;
  end if;
  if b.strikes > 0 then
    free := least(free, 1); -- a probe; the others wait for what it is answered
  end if;
  if b.cool_until > p_at then
    free := 0;
    next_at := greatest(next_at, b.cool_until);
  end if;
end
$$;

CREATE FUNCTION bridge.budget_life(b bridge.budget) RETURNS interval
    LANGUAGE sql IMMUTABLE
    AS $$
  select b.per + least(b.per / 32, interval '10 seconds')
$$;

CREATE FUNCTION bridge.budget_lock(p_account text, p_endpoint text, p_egress text, p_requests integer, p_per interval, p_types bridge.order_type[]) RETURNS bridge.budget
    LANGUAGE plpgsql
    AS $$
declare
  b bridge.budget;
begin
  select * into b from bridge.budget
  where account = p_account and endpoint = p_endpoint and egress = p_egress for update;
  if not found then
    insert into bridge.budget (account, endpoint, egress, requests, per, types)
    values (p_account, p_endpoint, p_egress, p_requests, p_per, p_types) on conflict do nothing;
    select * into b from bridge.budget
    where account = p_account and endpoint = p_endpoint and egress = p_egress for update;
  end if;
  if (b.requests, b.per, b.types) is distinct from (p_requests, p_per, p_types) then
    update bridge.budget set requests = p_requests, per = p_per, types = p_types
    where account = p_account and endpoint = p_endpoint and egress = p_egress returning * into b;
  end if;
  return b;
end
$$;

CREATE FUNCTION bridge.budget_now(b bridge.budget, OUT free integer, OUT next_at timestamp with time zone) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select f.free, f.next_at from bridge.budget_free(b, now()) f
$$;

CREATE FUNCTION bridge.budget_spend(b bridge.budget, p_calls integer, p_at timestamp with time zone, p_probe_ms bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  grain constant numeric := extract(epoch from b.per) / 128;
  slot constant timestamptz := to_timestamp(ceil(extract(epoch from p_at) / grain) * grain);
  ats timestamptz[];
  counts int[];
begin
  select array_agg(s.at order by s.at), array_agg(s.calls order by s.at) into ats, counts
  from (select u.at, sum(u.calls)::int as calls
        from (select * from unnest(b.spent_at, b.spent) union all select slot, p_calls) as u(at, calls)
        where u.at > p_at - bridge.budget_life(b) group by u.at) s;
  update bridge.budget
  set spent_at = ats, spent = counts,
      cool_until = case when strikes > 0 then p_at + p_probe_ms * interval '1 ms' else cool_until end
  where account = b.account and endpoint = b.endpoint and egress = b.egress;
end
$$;

CREATE FUNCTION bridge.budget_take(p_account text, p_endpoint text, p_egress text, p_requests integer, p_per_ms bigint, p_types text[], p_want integer, p_reserve integer, p_probe_ms bigint, OUT granted integer, OUT probe boolean, OUT wait_ms bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  b bridge.budget;
  spare record;
  at timestamptz;
begin
  b := bridge.budget_lock(p_account, p_endpoint, p_egress, p_requests, p_per_ms * interval '1 ms',
                          p_types::bridge.order_type[]);
  at := clock_timestamp();
  spare := bridge.budget_free(b, at);
  granted := greatest(least(p_want, spare.free - p_reserve), 0);
  probe := b.strikes > 0;
  if p_reserve > 0 and (b.strikes > 0
     or exists (select from bridge.line l where l.account = p_account and l.head_type = any (b.types)
                and not l.head_paid and l.run_at <= now() and l.lease_owner is null)) then
    granted := 0;
  end if;
  if granted > 0 then
    perform bridge.budget_spend(b, granted, at, p_probe_ms);
  end if;
  wait_ms := greatest(ceil(extract(epoch from spare.next_at - at) * 1000), 0);
end
$$;

CREATE FUNCTION bridge.budget_turn(o bridge.orders, OUT at timestamp with time zone, OUT place bigint, OUT budget bridge.budget) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
declare
  b bridge.budget;
  l bridge.line;
  here timestamptz := clock_timestamp();
  spare record;
  missing bigint;
begin
  if o.state <> 'queued' or o.paid or not exists (select from bridge.budget t where t.account = o.account) then
    return;
  end if;
  select * into l from bridge.line n where n.license_id = o.license_id and n.head_order = o.order_id
    and n.run_at <= here and n.lease_owner is null;
  if not found then
    return;
  end if;
  for b in select * from bridge.budget t where t.account = o.account and o.type = any (t.types) loop
    spare := bridge.budget_free(b, here);
    select 1 + count(*) into place from (
      select from bridge.line n
      where n.account = o.account and n.head_type = any (b.types) and not n.head_paid and n.run_at <= here
        and n.lease_owner is null and n.license_id <> l.license_id
        and (array_position(b.types, n.head_type), n.run_at, n.license_id)
            < (array_position(b.types, o.type), l.run_at, l.license_id)
      limit 10000) ahead;
    missing := place - case when b.strikes > 0 then 0 else spare.free end;
    if missing > 0 and (at is null or spare.next_at < at) then
      -- The missing-th call that falls out of the last stretch makes room; beyond a whole stretch it begins again.
      select greatest(min(s.at), b.cool_until) + (missing - 1) / b.requests * bridge.budget_life(b) into at
      from (select u.at + bridge.budget_life(b) as at, sum(u.calls) over (order by u.at) as until
            from unnest(b.spent_at, b.spent) as u(at, calls) where u.at > here - bridge.budget_life(b)) s
      where s.until > (missing - 1) % b.requests;
      at := coalesce(at, greatest(b.cool_until, here));
      budget := b;
    elsif missing <= 0 then
      at := null;
      budget := null;
      return; -- the call may be made now
    end if;
  end loop;
end
$$;

CREATE FUNCTION bridge.budget_waiting(b bridge.budget) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select count(*) from bridge.line l
  where l.account = b.account and l.head_type = any (b.types) and not l.head_paid and l.run_at <= now()
    and l.lease_owner is null
$$;

CREATE FUNCTION bridge.call_sums() RETURNS TABLE(account text, calls bigint, errors bigint, spent numeric, elapsed_ms bigint, bounds_ms integer[], durations bigint[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
  with part as (
    select t.account, t.calls, t.errors, t.spent, t.elapsed_ms, t.durations from bridge.account_total t
    union all
    select c.account, c.calls, c.errors, 0, c.elapsed_ms, c.durations
    from bridge.summed s cross join lateral bridge.span_calls(coalesce(s.until, '-infinity'), 'infinity') c where s.one
    union all
    select l.account, 0, 0, l.spent, 0, null
    from bridge.summed s cross join lateral bridge.span_credits(coalesce(s.until, '-infinity'), 'infinity') l where s.one
  )
  select a.account, coalesce(sum(p.calls), 0)::bigint, coalesce(sum(p.errors), 0)::bigint,
         trim_scale(coalesce(sum(p.spent), 0)), coalesce(sum(p.elapsed_ms), 0)::bigint, bridge.duration_bounds(),
         coalesce(bridge.counts_sum(p.durations), bridge.counts_add('{}', '{}'))
  from bridge.account a left join part p on p.account = a.account
  group by a.account;
end
$$;

CREATE FUNCTION bridge.callback_add(p_source text, p_lane text, p_order bigint, p_type text, p_data json) RETURNS void
    LANGUAGE sql
    AS $$
  insert into bridge.callback (source, lane, order_id, type, payload)
  values (p_source, p_lane, p_order, p_type, json_build_object(
    'type', p_type, 'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'schema', 1, 'data', p_data)::text)
$$;

CREATE FUNCTION bridge.callback_ended(p_callback bigint, p_epoch bigint, p_sent boolean, p_status integer, p_error text, p_wait_ms bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c bridge.callback;
begin
  update bridge.callback
  set attempts = attempts + 1, lease_owner = null, last_status = p_status, last_error = p_error,
      state = case when p_sent then 'sent' when p_wait_ms is null then 'dead' else 'queued' end,
      run_at = now() + coalesce(p_wait_ms, 0) * interval '1 ms',
      finished_at = case when p_sent or p_wait_ms is null then now() end
  where callback_id = p_callback and state = 'queued' and epoch = p_epoch and lease_owner is not null
  returning * into c;
  if c.state <> 'queued' then
    perform bridge.callback_wake(c.source, c.lane);
  end if;
  return c.state;
end
$$;

CREATE FUNCTION bridge.callback_wake(p_source text, p_lane text) RETURNS void
    LANGUAGE sql
    AS $$
  update bridge.callback set run_at = now()
  where callback_id = (select min(n.callback_id) from bridge.callback n
                       where n.source = p_source and n.lane = p_lane and n.state = 'queued')
    and state = 'queued' and lease_owner is null and run_at > now()
$$;

CREATE FUNCTION bridge.callbacks_claim(p_worker text, p_sources text[], p_rooms bigint[], p_most integer, p_lease_ms bigint) RETURNS TABLE(callback_id bigint, epoch bigint, source text, webhook_id text, type text, order_id bigint, payload text, attempts integer, lost text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  s record;
  c bridge.callback;
  first_run timestamptz;
  taken int := 0;
  room int;
begin
  for s in select u.name, u.room from unnest(p_sources, p_rooms) as u(name, room) loop
    room := least(s.room, p_most - taken);
    continue when room <= 0;
    for c in
      select * from bridge.callback n where n.source = s.name and n.state = 'queued' and n.run_at <= now()
      order by n.run_at, n.callback_id limit 500 for update skip locked
    loop
      -- A statement of its own: it sees how the one in front has ended by now.
      select n.run_at into first_run from bridge.callback n
      where n.source = c.source and n.lane = c.lane and n.state = 'queued' and n.callback_id < c.callback_id
      order by n.callback_id limit 1;
      if found then
        update bridge.callback n set run_at = greatest(first_run, now() + interval '1 second')
        where n.callback_id = c.callback_id;
        continue;
      end if;
      update bridge.callback n
      set lease_owner = p_worker, epoch = n.epoch + 1, run_at = now() + p_lease_ms * interval '1 ms'
      where n.callback_id = c.callback_id;
      callback_id := c.callback_id;
      epoch := c.epoch + 1;
      source := c.source;
      webhook_id := c.webhook_id;
      type := c.type;
      order_id := c.order_id;
      payload := c.payload;
      attempts := c.attempts;
      lost := c.lease_owner;
      return next;
      taken := taken + 1;
      room := room - 1;
      exit when room = 0;
    end loop;
  end loop;
end
$$;

CREATE FUNCTION bridge.callbacks_configure(text[], boolean[], text[], text[], text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  insert into bridge.source as s (source, callbacks, accounts)
  select u.s, u.c, string_to_array(u.a, ' ') from unnest($1, $2, $3) as u(s, c, a)
  where not exists (select from bridge.source k where (k.source, k.callbacks, k.accounts) = (u.s, u.c, string_to_array(u.a, ' ')))
  order by u.s
  on conflict (source) do update
  set callbacks = excluded.callbacks, accounts = excluded.accounts, updated_at = now()
  where (s.callbacks, s.accounts) is distinct from (excluded.callbacks, excluded.accounts);
  update bridge.callback c
  set state = 'dead', finished_at = now(), lease_owner = null, epoch = epoch + 1,
      last_error = 'the source has no callback_url any more'
  where c.state = 'queued' and c.source in (select u.s from unnest($1, $2) as u(s, c) where not u.c);
  perform from bridge.account a join unnest($4, $5) as u(a, l) on u.a = a.account
  where a.low_balance is distinct from string_to_array(u.l, ' ')::numeric(20,6)[] order by a.account for no key update of a;
  update bridge.account a set low_balance = string_to_array(u.l, ' ')::numeric(20,6)[]
  from unnest($4, $5) as u(a, l)
  where u.a = a.account and a.low_balance is distinct from string_to_array(u.l, ' ')::numeric(20,6)[];
end
$_$;

CREATE FUNCTION bridge.callbacks_prune(p_days integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with gone as (
    delete from bridge.callback where state = 'sent' and finished_at < now() - p_days * interval '1 day' returning 1
  )
  select count(*) from gone
$$;

CREATE FUNCTION bridge.catalogue_take(p_account text, p_every_ms bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform from bridge.account a
  where a.account = p_account and (a.catalogue_at is null or a.catalogue_at <= now() - p_every_ms * interval '1 ms')
  for no key update skip locked;
  if not found then
    return false;
  end if;
  update bridge.account a set catalogue_at = now()
  where a.account = p_account and (a.catalogue_at is null or a.catalogue_at <= now() - p_every_ms * interval '1 ms');
  return found;
end
$$;

CREATE FUNCTION bridge.counts_add(a bigint[], b bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE
    AS $$
  select array(select coalesce(a[n], 0) + coalesce(b[n], 0)
               from generate_series(1, cardinality(bridge.duration_bounds()) + 1) n)
$$;

CREATE FUNCTION bridge.creates_waiting(p_license bigint) RETURNS SETOF bridge.orders
    LANGUAGE plpgsql STABLE
    SET enable_sort TO 'off'
    AS $$
begin
  return query
  select o.* from bridge.orders o
  where o.license_id = p_license and o.state not in ('succeeded', 'failed', 'cancelled') and o.type = 'license.create'
  order by o.order_sequence, o.position;
end
$$;

CREATE FUNCTION bridge.deliveries_find(p_source text, p_order bigint, p_key text, p_before bigint, p_limit integer) RETURNS TABLE(received_at timestamp with time zone, source text, delivery_id text, order_id bigint, repeated boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_key is not null then
    return query
      select d.received_at, d.source, d.delivery_id, d.order_id, o.created_at < d.received_at
      from bridge.sources_known() s(name)
      join bridge.delivery d on d.source = s.name and d.delivery_id = p_key
      join bridge.orders o on o.order_id = d.order_id
      where (p_source is null or d.source = p_source) and (p_order is null or d.order_id = p_order)
        and (p_before is null or d.order_id < p_before);
    return;
  end if;
  return query
    select d.received_at, d.source, d.delivery_id, d.order_id, o.created_at < d.received_at
    from (
      select x.* from bridge.delivery x
      where (p_order is null or x.order_id = p_order) and (p_before is null or x.order_id < p_before)
        and (p_source is null or x.source = p_source)
      order by x.order_id desc
      fetch first (p_limit) rows with ties) d
    join bridge.orders o on o.order_id = d.order_id;
end
$$;

CREATE FUNCTION bridge.doubt_end(o bridge.orders, p_fate text, p_cost numeric, p_evidence boolean, p_sentence text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  strange text := case when p_fate <> 'done' then bridge.doubt_foreign(o) end;
begin
  if p_fate = 'done' then
    perform bridge.order_end(o.order_id, 'succeeded', 'balance', 'the answer was lost, but the balance shows the purchase',
                             coalesce(p_cost, o.price), null, false);
  elsif p_fate in ('not', 'free') and p_evidence and strange is null then
    -- What may have been carried out for nothing stays doubted: a refusal from now on may mean that it is there.
    update bridge.orders
    set state = 'queued', reason_code = 'balance', reason = 'the balance shows that nothing was bought: tried again',
        doubted = p_fate = 'free', next_try_at = now(), updated_at = now()
    where order_id = o.order_id;
    update bridge.line set run_at = now() where license_id = o.license_id;
  else
    update bridge.orders
    set state = 'needs_review', unsettled = true, updated_at = now(), next_try_at = null, doubted = true,
        reason_code = case when p_fate in ('not', 'free') then 'not_shown' else 'unsettled' end,
        reason = coalesce(strange, 'the answer was lost') || '; '
                 || case p_fate when 'not' then 'the balance does not show a purchase'
                                when 'free' then 'nothing was charged, but it may cost nothing'
                                else p_sentence end
    where order_id = o.order_id;
  end if;
end
$$;

CREATE FUNCTION bridge.doubt_foreign(o bridge.orders) RETURNS text
    LANGUAGE plpgsql
    AS $$
declare
  other bigint;
begin
  if not exists (select from bridge.attempt a where a.order_id = o.order_id and a.reason_code = 'foreign_answer') then
    return null;
  end if;
  select d.order_id into other
  from bridge.license l join bridge.orders d using (license_id)
  where l.account = o.account and l.upstream_license_id = o.upstream_license_id and l.license_id <> o.license_id
    and d.type = 'license.create' and d.state = 'succeeded'
  order by d.order_id desc limit 1;
  if other is null then
    return format('the answer named license %s, which is another order''s', o.upstream_license_id);
  end if;
  perform bridge.operator_note('license-bridge', 'order.questioned', other, o.account,
    format('order %s was answered with the same license %s: one of the two may not have been bought', o.order_id,
           o.upstream_license_id));
  return format('the answer named license %s, which is order %s''s: one of the two may not have been bought',
                o.upstream_license_id, other);
end
$$;

CREATE FUNCTION bridge.due_fold() RETURNS void
    LANGUAGE sql
    AS $$
  with gone as (
    delete from bridge.due_change returning *
  )
  insert into bridge.due as d (period_end, account, upstream_type, billing_months, licenses)
  select g.period_end, g.account, g.upstream_type, g.billing_months, sum(g.licenses)
  from gone g group by 1, 2, 3, 4 having sum(g.licenses) <> 0
  on conflict (period_end, account, upstream_type, billing_months) do update set licenses = d.licenses + excluded.licenses;
  delete from bridge.due where licenses = 0;
$$;

CREATE FUNCTION bridge.duration_bounds() RETURNS integer[]
    LANGUAGE sql IMMUTABLE
    AS $$
  select array[50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000]
$$;

CREATE FUNCTION bridge.event_shown(p_body bytea) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  return bridge.json_masked(convert_from(p_body, 'UTF8')::jsonb);
exception when data_exception or invalid_text_representation then
  return null;
end
$$;

CREATE FUNCTION bridge.guards_release(p_products text[], p_limits text[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  w record;
  released int := 0;
begin
  for w in
    select o.order_id, o.license_id
    from bridge.orders o
    join unnest(p_products, p_limits) as c(product_code, most)
      on c.product_code = coalesce(o.new_product_code, o.product_code)
    join bridge.product p on p.account = o.account and p.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
    where o.state = 'held' and not o.parked and o.reason_code = 'price_guard'
      and p.price <= coalesce(c.most::numeric, 'infinity')
      and bridge.order_most(o, p.price) <= coalesce(o.max_credits, 'infinity')
    order by o.order_id limit 1000
  loop
    released := released + bridge.hold_end(w.order_id, w.license_id, array['price_guard'])::int;
  end loop;
  return released;
end
$$;

CREATE FUNCTION bridge.history_months(p_keep integer) RETURNS TABLE(name text, month date, bytes bigint, kept text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select c.relname::text, m.first, pg_total_relation_size(c.oid),
         coalesce(
           (select format('order %s, which began before its end, is not finished', min(o.order_id)) from bridge.orders o
            where o.state not in ('succeeded', 'failed', 'cancelled') and o.created_at < m.past
            having count(*) > 0),
           case when not exists (select from bridge.summed s where s.until >= m.past) then 'it is not summed yet' end)
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  -- What is not named after a month (the default partition) is null here and drops out below.
  cross join lateral (select to_date(substring(c.relname from '_([0-9]{6})$'), 'YYYYMM') as first) f
  cross join lateral (select f.first, (f.first + interval '1 month') at time zone 'UTC' as past) m
  where i.inhparent in ('bridge.event'::regclass, 'bridge.attempt'::regclass, 'bridge.order_history'::regclass,
                        'bridge.refusal'::regclass)
    and m.first < date_trunc('month', now() at time zone 'UTC') - greatest(p_keep, 1) * interval '1 month'
  order by m.first, c.relname
$_$;

CREATE FUNCTION bridge.history_prune(p_actor text, p_keep integer) RETURNS TABLE(name text, month date, bytes bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_keep is null or p_keep < 1 then
    raise exception 'at least one month is kept, not %', p_keep using errcode = 'invalid_parameter_value';
  end if;
  perform set_config('lock_timeout', '50ms', true);
  perform pg_advisory_xact_lock(hashtext('bridge.partitions'));
  if not exists (select from bridge.history_months(p_keep) m where m.kept is null) then
    return;
  end if;
  for n in 1 .. 40 loop
    begin
      lock table bridge.event, bridge.attempt, bridge.order_history, bridge.refusal in access exclusive mode nowait;
      exit;
    exception when lock_not_available then
      if n = 40 then
        raise;
      end if;
      perform pg_sleep(0.05);
    end;
  end loop;
  for name, month, bytes in
    select m.name, m.month, m.bytes from bridge.history_months(p_keep) m where m.kept is null
  loop
    execute format('drop table bridge.%I', name);
    perform bridge.operator_note(p_actor, 'history.prune', null, null, null,
                                 jsonb_build_object('table', name, 'bytes', bytes, 'months_kept', p_keep));
    return next;
  end loop;
end
$$;

CREATE FUNCTION bridge.history_prune_kept(p_keep integer) RETURNS TABLE(name text, month date, bytes bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select p.name, p.month, p.bytes from bridge.history_prune('license-bridge', p_keep) p
$$;

CREATE FUNCTION bridge.hold_end(p_order bigint, p_license bigint, p_codes text[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  perform from bridge.line where license_id = p_license for update skip locked;
  if not found then
    return false;
  end if;
  update bridge.orders
  set state = 'blocked', reason_code = 'released', reason = null, updated_at = now(), next_try_at = null
  where order_id = p_order and state = 'held' and reason_code = any (p_codes);
  if not found then
    return false;
  end if;
  perform bridge.line_advance(p_license);
  return true;
end
$$;

CREATE FUNCTION bridge.holds_release(p_account text, p_codes text[], p_balance numeric) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  w record;
  released int := 0;
begin
  for w in
    select o.order_id, o.license_id from bridge.orders o
    where o.account = p_account and o.state = 'held' and not o.parked and o.reason_code = any (p_codes)
      and (p_balance is null or o.price is null or o.price <= p_balance)
    order by o.order_id limit 1000
  loop
    released := released + bridge.hold_end(w.order_id, w.license_id, p_codes)::int;
  end loop;
  return released;
end
$$;

CREATE FUNCTION bridge.hours_add(p_from timestamp with time zone, p_until timestamp with time zone, p_after bigint, p_before bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into bridge.hour as h (hour, accepted, deliveries, succeeded, failed, cancelled)
  select s.hour, s.accepted, s.deliveries, s.succeeded, s.failed, s.cancelled
  from bridge.span_orders(p_from, p_until, p_after, p_before) s
  on conflict (hour) do update
  set accepted = h.accepted + excluded.accepted, deliveries = h.deliveries + excluded.deliveries,
      succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed,
      cancelled = h.cancelled + excluded.cancelled;
  insert into bridge.hour (hour, accepted, succeeded, failed, cancelled)
  values (date_trunc('hour', p_from, 'UTC'), 0, 0, 0, 0) on conflict do nothing;
  with part as (
    select coalesce(c.hour, l.hour) as hour, coalesce(c.account, l.account) as account, coalesce(c.calls, 0) as calls,
           coalesce(c.errors, 0) as errors, coalesce(l.purchases, 0) as purchases, coalesce(l.spent, 0) as spent,
           coalesce(l.topups, 0) as topups, coalesce(l.adjustments, 0) as adjustments,
           coalesce(c.elapsed_ms, 0) as elapsed_ms, c.durations
    from bridge.span_calls(p_from, p_until) c
    full join bridge.span_credits(p_from, p_until) l on l.hour = c.hour and l.account = c.account
  ), accounts as (
    insert into bridge.hour_account as h (hour, account, calls, errors, purchases, spent, topups, adjustments)
    select p.hour, p.account, p.calls, p.errors, p.purchases, p.spent, p.topups, p.adjustments from part p
    on conflict (account, hour) do update
    set calls = h.calls + excluded.calls, errors = h.errors + excluded.errors, purchases = h.purchases + excluded.purchases,
        spent = h.spent + excluded.spent, topups = h.topups + excluded.topups, adjustments = h.adjustments + excluded.adjustments
  )
  insert into bridge.account_total as t (account, calls, errors, spent, elapsed_ms, durations)
  select p.account, p.calls, p.errors, p.spent, p.elapsed_ms, bridge.counts_add(p.durations, '{}') from part p
  on conflict (account) do update
  set calls = t.calls + excluded.calls, errors = t.errors + excluded.errors, spent = t.spent + excluded.spent,
      elapsed_ms = t.elapsed_ms + excluded.elapsed_ms, durations = bridge.counts_add(t.durations, excluded.durations);
end
$$;

CREATE FUNCTION bridge.hours_sum(p_most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  s bridge.summed;
  upto timestamptz;
  n int := 0;
begin
  select * into s from bridge.summed for update skip locked;
  if not found or s.mark > clock_timestamp() - interval '1 second' then
    return 0;
  end if;
  perform bridge.due_fold();
  if s.mark is not null then
    s.running := bridge.summed_running(s.mark, s.running);
    if s.running <> '{}' then
      update bridge.summed set running = s.running;
      return 0;
    end if;
    s.until := coalesce(s.until, bridge.summed_first(s.mark));
    while n < p_most and s.until < s.mark loop
      upto := least(s.mark, date_trunc('hour', s.until, 'UTC') + interval '1 hour');
      perform bridge.hours_add(s.until, upto, s.last_order, bridge.order_since(s.last_order, upto + interval '1 hour'));
      s.last_order := least(s.mark_order, bridge.order_since(s.last_order, upto) - 1);
      s.until := upto;
      n := n + 1;
    end loop;
  end if;
  if s.until is null or s.until >= s.mark then
    select case when q.is_called then q.last_value else q.last_value - 1 end into s.mark_order from bridge.order_id_seq q;
    s.mark := clock_timestamp();
    s.running := null;
  end if;
  update bridge.summed
  set until = s.until, last_order = s.last_order, mark = s.mark, mark_order = s.mark_order, running = s.running;
  return n;
end
$$;

CREATE FUNCTION bridge.info_store(p_account text, p_info text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update bridge.account set info = p_info::jsonb, info_at = now() where account = p_account
$$;

CREATE FUNCTION bridge.intake_accept(text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[], bigint[], text[], text[], text[], text[], text[], bigint[]) RETURNS SETOF bridge.intake_result
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return query select * from bridge.intake_batch(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $31, $32, $33, $34, $35);
end
$_$;

COMMENT ON FUNCTION bridge.intake_accept(text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[], bigint[], text[], text[], text[], text[], text[], bigint[]) IS 'Stores a batch of checked deliveries; parameters as in sql/query/intake_accept.sql';

CREATE FUNCTION bridge.intake_accept_one(r bridge.intake_row) RETURNS bridge.intake_result
    LANGUAGE plpgsql
    AS $$
declare
  known record;
  license bigint;
  id bigint;
  sentence text;
  obstacle record;
  again constant bridge.intake_result := row(r.idx, 'again', null, null, null, null, null);
begin
  select d.order_id, d.digest into known from bridge.delivery d
  where d.source = r.source and d.delivery_id = r.delivery_id;
  if found then
    return bridge.intake_order(r.idx, case when known.digest = r.digest then 'duplicate' else 'conflict' end,
                               known.order_id);
  end if;
  select o.order_id, o.fingerprint into known from bridge.orders o
  where o.source = r.source and o.operation_key = r.operation_key and not o.key_free;
  if found then
    if known.fingerprint <> r.fingerprint then
      return bridge.intake_refused(r.idx, 'data.operation_key',
        format('operation_key was used for order %s with other content', known.order_id));
    end if;
    insert into bridge.delivery (source, delivery_id, digest, order_id)
    values (r.source, r.delivery_id, r.digest, known.order_id) on conflict do nothing;
    return case when found then bridge.intake_order(r.idx, 'duplicate', known.order_id) else again end;
  end if;
  if r.type = 'license.create' and exists (select from bridge.product p where p.account = r.account
                                           and p.upstream_type = r.upstream_type and not p.visible) then
    return bridge.intake_refused(r.idx, 'data.product_code',
      format('product %s is not sold by the provider at present', r.product_code));
  end if;
  -- The batch has locked the lines that it knew of.  One that was made since then is taken only if it is free: to
  -- wait for it now would be out of order.
  select p.license_id into license from bridge.license_product p
  where p.source = r.source and p.service_id = r.service_id and p.product_code = r.product_code;
  if found then
    perform from bridge.line l where l.license_id = license for update skip locked;
    if not found then
      return again;
    end if;
  end if;
  sentence := bridge.intake_refusal(r);
  if sentence is not null then
    -- The very same order may have been stored between the first look and the lock: a repeat is never refused.
    if exists (select from bridge.delivery d where d.source = r.source and d.delivery_id = r.delivery_id)
       or exists (select from bridge.orders o
                  where o.source = r.source and o.operation_key = r.operation_key and not o.key_free) then
      return again;
    end if;
    return bridge.intake_refused(r.idx, 'data.service_id', sentence);
  end if;
  license := coalesce(license, bridge.intake_license(r));
  if license is null then
    return again;
  end if;
  id := nextval('bridge.order_id_seq');
  if not bridge.intake_store(r, license, id) then
    return again;
  end if;
  perform bridge.line_advance(license);
  -- Not at the head of its line: the pair it needs is claimed, or waited for, from acceptance on.
  select bo.* into obstacle
  from bridge.orders o, lateral bridge.order_obstacle(o) bo
  where o.order_id = id and o.state = 'blocked' and o.waits_pair is null
    and o.type in ('license.create', 'license.change_ip', 'license.change_product');
  if found and obstacle.pair_id is not null then
    update bridge.orders set waits_pair = obstacle.pair_id, updated_at = now() where order_id = id;
  end if;
  return bridge.intake_order(r.idx, 'accepted', id);
end
$$;

CREATE FUNCTION bridge.intake_batch(text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[], bigint[], text[], text[], text[], text[], text[], bigint[]) RETURNS SETOF bridge.intake_result
    LANGUAGE plpgsql
    AS $_$
declare
  locked bigint[];
  b record;
  done text; -- of functions that return nothing: an assignment costs a third of a perform
begin
  -- The locks are written, so a batch of nothing but repeats waits for the standby like any other: a delivery that only
  -- this server has, because its standby was away, is not acknowledged to whoever sends it again.
  select array_agg(l.license_id) into locked
  from (select n.license_id from bridge.line n
        where n.license_id in (select p.license_id from generate_series(1, cardinality($2)) i
                               join bridge.license_product p
                                 on p.source = $1[i] and p.service_id = $9[i] and p.product_code = $12[i])
        order by n.license_id for update) l;
  -- A statement of its own: it sees what those who held the lines before have done.
  b := bridge.intake_sort(locked, $1, $2, $3, $6, $7, $9, $10, $11, $12, $13, $18, $21, $29);
  begin
    if b.fresh is not null then
      done := bridge.intake_licenses(b.fresh, b.license, b.orders, $1, $6, $9, $10, $11, $12, $13, $17, $18, $22,
        $29);
    end if;
    if b.next is not null then
      done := bridge.intake_lines(b.next, b.license, b.orders, $6, $11, $17, $29);
    end if;
    if coalesce(b.fresh, b.next) is not null then
      done := bridge.intake_orders(b.fresh || b.next, b.license, b.orders, b.position, b.order_sequence, b.head,
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
        $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35);
    end if;
  exception when unique_violation then
    return query select * from bridge.intake_each($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
      $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, null);
    return;
  end;
  return query
    select i, case when i = any (b.conflict) then 'conflict' when i = any (b.known) then 'duplicate' else 'accepted' end,
           o.order_id, o.state::text,
           case when o.state = 'queued' and not o.paid and exists (select from bridge.budget g where g.account = o.account)
                then bridge.order_reason(o) else bridge.order_reason_words(o, l.head_order) end, null::text, null::text
    from unnest(b.fresh || b.next || b.known) i
    join bridge.orders o on o.order_id = b.orders[i]
    join bridge.line l on l.license_id = o.license_id;
  if b.others is not null then
    return query select * from bridge.intake_each($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
      $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, b.others);
  end if;
end
$_$;

CREATE FUNCTION bridge.intake_each(text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[], bigint[], text[], text[], text[], text[], text[], bigint[], integer[]) RETURNS SETOF bridge.intake_result
    LANGUAGE plpgsql
    AS $_$
declare
  r bridge.intake_row;
begin
  for r in
    select i, $1[i], $2[i], $3[i], $4[i], $5[i], $6[i], $7[i], $8[i], $9[i], $10[i], $11[i], $12[i], $13[i], $14[i],
           $15[i], $16[i], $17[i], $18[i], $19[i], $20[i], $21[i], $22[i], $23[i], $24[i], $25[i], $26[i], $27[i],
           $28[i], $29[i], $30[i], $31[i], $32[i], $33[i], $34[i], $35[i]
    from generate_series(1, cardinality($2)) i
    where $36 is null or i = any ($36)
    order by $1[i], $9[i], $12[i], $2[i]
  loop
    return next bridge.intake_accept_one(r);
  end loop;
end
$_$;

CREATE FUNCTION bridge.intake_license(r bridge.intake_row) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
  id bigint;
begin
  insert into bridge.license (source, service_id, provider, account, product_code, upstream_type, ip, license_key)
  values (r.source, r.service_id, r.provider, r.account, r.product_code, r.upstream_type, r.ip::inet, r.license_key)
  returning license_id into id;
  insert into bridge.license_product (source, service_id, product_code, license_id)
  values (r.source, r.service_id, r.product_code, id) on conflict do nothing;
  if not found then
    delete from bridge.license where license_id = id;
    return null;
  end if;
  insert into bridge.line (license_id, account) values (id, r.account);
  return id;
end
$$;

CREATE FUNCTION bridge.intake_licenses(p_fresh integer[], p_license bigint[], p_orders bigint[], p_source text[], p_type text[], p_service_id text[], p_provider text[], p_account text[], p_product_code text[], p_upstream_type text[], p_paid boolean[], p_ip text[], p_license_key text[], p_sequence bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into bridge.license (license_id, source, service_id, provider, account, product_code, upstream_type, status, ip,
                              license_key)
    overriding system value
  select p_license[i], p_source[i], p_service_id[i], p_provider[i], p_account[i], p_product_code[i], p_upstream_type[i],
         case p_type[i] when 'license.create' then 'pending' else 'unknown' end::bridge.license_status, p_ip[i]::inet,
         p_license_key[i]
  from unnest(p_fresh) i;
  insert into bridge.license_product (source, service_id, product_code, license_id)
  select p_source[i], p_service_id[i], p_product_code[i], p_license[i] from unnest(p_fresh) i;
  insert into bridge.line (license_id, account, head_order, head_paid, head_type, pending, run_at, last_position,
                           max_sequence)
  select p_license[i], p_account[i], p_orders[i], p_paid[i], p_type[i]::bridge.order_type, 1, now(), 1, p_sequence[i]
  from unnest(p_fresh) i;
  insert into bridge.pair (account, upstream_type, ip, license_id)
  select p_account[i], p_upstream_type[i], p_ip[i]::inet, p_license[i] from unnest(p_fresh) i
  where p_type[i] = 'license.create' and p_provider[i] = '724license' and p_ip[i] is not null
  order by 1, 2, 3;
end
$$;

CREATE FUNCTION bridge.intake_lines(p_next integer[], p_license bigint[], p_orders bigint[], p_type text[], p_account text[], p_paid boolean[], p_sequence bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update bridge.line l
  set last_position = l.last_position + 1, max_sequence = greatest(l.max_sequence, p_sequence[i]),
      pending = l.pending + 1,
      account = case when l.head_order is null then p_account[i] else l.account end,
      head_paid = case when l.head_order is null then p_paid[i] else l.head_paid end,
      head_type = case when l.head_order is null then p_type[i]::bridge.order_type else l.head_type end,
      run_at = case when l.head_order is null then now() else l.run_at end,
      head_order = coalesce(l.head_order, p_orders[i])
  from unnest(p_next) i
  where l.license_id = p_license[i];
end
$$;

CREATE FUNCTION bridge.intake_order(p_idx integer, p_outcome text, p_order bigint) RETURNS bridge.intake_result
    LANGUAGE sql STABLE
    AS $$
  select row(p_idx, p_outcome, o.order_id, o.state::text,
             case when o.state = 'queued' and not o.paid and exists (select from bridge.budget b where b.account = o.account)
                  then bridge.order_reason(o) else bridge.order_reason_words(o, l.head_order) end,
             null, null)::bridge.intake_result
  from bridge.orders o join bridge.line l using (license_id) where o.order_id = p_order
$$;

CREATE FUNCTION bridge.intake_orders(p_places integer[], p_license bigint[], p_orders bigint[], p_position bigint[], p_order_sequence bigint[], p_head bigint[], p_source text[], p_delivery_id text[], p_digest bytea[], p_body bytea[], p_address text[], p_type text[], p_operation_key text[], p_fingerprint bytea[], p_service_id text[], p_provider text[], p_account text[], p_product_code text[], p_upstream_type text[], p_new_product_code text[], p_new_upstream_type text[], p_recycled text[], p_paid boolean[], p_ip text[], p_new_ip text[], p_billing_months bigint[], p_period_end text[], p_license_key text[], p_customer_email text[], p_domain text[], p_hwid text[], p_machine_name text[], p_os_info text[], p_verification_type text[], p_sequence bigint[], p_cause text[], p_max_credits text[], p_panel_order_id text[], p_invoice_id text[], p_invoice_item_id text[], p_event_ms bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into bridge.delivery (source, delivery_id, digest, order_id)
  select p_source[i], p_delivery_id[i], p_digest[i], p_orders[i] from unnest(p_places) i
  order by 1, 2;
  insert into bridge.orders (
    order_id, license_id, source, operation_key, fingerprint, type, paid, provider, account, service_id, product_code,
    upstream_type, new_product_code, new_upstream_type, recycled, ip, new_ip, billing_months, period_end, license_key,
    customer_email, domain, hwid, machine_name,
    os_info, verification_type, sequence, order_sequence, position, cause, max_credits, panel_order_id, invoice_id,
    invoice_item_id, event_at, state, reason_code, next_try_at)
  select p_orders[i], p_license[i], p_source[i], p_operation_key[i], p_fingerprint[i], p_type[i]::bridge.order_type,
         p_paid[i], p_provider[i], p_account[i], p_service_id[i], p_product_code[i], p_upstream_type[i],
         p_new_product_code[i], p_new_upstream_type[i], p_recycled[i], p_ip[i]::inet, p_new_ip[i]::inet,
         nullif(p_billing_months[i], 0), p_period_end[i]::date, p_license_key[i], p_customer_email[i],
         p_domain[i], p_hwid[i], p_machine_name[i], p_os_info[i], p_verification_type[i], p_sequence[i],
         p_order_sequence[i], p_position[i], p_cause[i], p_max_credits[i]::numeric, p_panel_order_id[i],
         p_invoice_id[i], p_invoice_item_id[i], to_timestamp(p_event_ms[i]::float8 / 1000),
         case when p_head[i] is null then 'queued' else 'blocked' end::bridge.order_state,
         case when p_head[i] is not null then 'line' end, case when p_head[i] is null then now() end
  from unnest(p_places) i
  order by p_source[i], p_operation_key[i];
  insert into bridge.event (order_id, source, delivery_id, address, body)
  select p_orders[i], p_source[i], p_delivery_id[i], p_address[i], p_body[i] from unnest(p_places) i;
end
$$;

CREATE FUNCTION bridge.intake_refusal(r bridge.intake_row) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
declare
  l bridge.license;
begin
  if r.provider <> '724license' or r.type not in ('license.create', 'license.renew') then
    return null;
  end if;
  select lic.* into l from bridge.license_product p join bridge.license lic using (license_id)
  where p.source = r.source and p.service_id = r.service_id and p.product_code = r.product_code;
  if r.type = 'license.create'
     and (l.status in ('pending', 'active', 'suspended') or exists (select from bridge.creates_waiting(l.license_id))) then
    return format('service %s already has a live %s license%s', l.service_id, l.upstream_type,
                  case when l.ip is null then '' else ' on ' || host(l.ip) end);
  elsif r.type = 'license.renew' and l.status = 'terminated' then
    return format('the %s license of service %s was terminated', l.upstream_type, l.service_id);
  elsif r.type = 'license.renew' and l.status is distinct from 'pending' and l.bought_at is null and l.adopted_at is null then
    return format('no %s license of service %s is known: it was neither bought through this bridge nor adopted',
                  r.upstream_type, r.service_id);
  end if;
  return null;
end
$$;

CREATE FUNCTION bridge.intake_refuse(text, text, text, integer, text, text, bytea, bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  insert into bridge.refusal (source, address, delivery_id, status, field, reason, digest, suppressed)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
$_$;

CREATE FUNCTION bridge.intake_refused(p_idx integer, p_field text, p_text text) RETURNS bridge.intake_result
    LANGUAGE sql IMMUTABLE
    AS $$
  select row(p_idx, 'refused', null, null, null, p_field, p_text)::bridge.intake_result
$$;

CREATE FUNCTION bridge.intake_sort(p_locked bigint[], p_source text[], p_delivery_id text[], p_digest bytea[], p_type text[], p_operation_key text[], p_service_id text[], p_provider text[], p_account text[], p_product_code text[], p_upstream_type text[], p_ip text[], p_period_end text[], p_sequence bigint[], OUT known integer[], OUT conflict integer[], OUT fresh integer[], OUT next integer[], OUT others integer[], OUT license bigint[], OUT orders bigint[], OUT "position" bigint[], OUT order_sequence bigint[], OUT head bigint[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
  places constant int := cardinality(p_delivery_id);
  makers int[];
begin
  if places > 1 and (
       (select count(*) from (select distinct p_source[i], p_delivery_id[i] from generate_series(1, places) i) u) < places
    or (select count(*) from (select distinct p_source[i], p_operation_key[i] from generate_series(1, places) i) u) < places
    or (select count(*) from (select distinct p_source[i], p_service_id[i] from generate_series(1, places) i) u) < places)
  then
    select array_agg(i) into others from generate_series(1, places) i;
    return;
  end if;
  select array_agg(s.i) filter (where s.kind = 'known'),
         array_agg(s.i) filter (where s.kind = 'known' and s.digest <> p_digest[s.i]),
         array_agg(s.i order by p_source[s.i], p_service_id[s.i], p_product_code[s.i]) filter (where s.kind = 'fresh'),
         array_agg(s.i) filter (where s.kind = 'next'),
         array_agg(s.i) filter (where s.kind = 'others'),
         array_agg(s.i order by p_source[s.i], p_service_id[s.i], p_product_code[s.i])
           filter (where s.kind = 'others' and s.may_make),
         array_agg(case s.kind when 'fresh' then nextval('bridge.license_license_id_seq') else s.license_id end),
         array_agg(case s.kind when 'fresh' then nextval('bridge.order_id_seq')
                               when 'next' then nextval('bridge.order_id_seq')
                               else s.order_id end),
         array_agg(s.last_position + 1), array_agg(s.order_sequence), array_agg(s.head_order)
  into known, conflict, fresh, next, others, makers, license, orders, position, order_sequence, head
  from (
    select i, d.order_id, d.digest, l.license_id, coalesce(l.last_position, 0) as last_position, l.head_order,
           coalesce(p_sequence[i], l.max_sequence, 0) as order_sequence,
           case
           when d.order_id is not null then 'known'
           when k.order_id is not null then 'others'
           when p.license_id is null then
             case when a.paused is not false then 'others'
                  when p_type[i] = 'license.create'
                    then case when c.visible is distinct from false and x.pair_id is null then 'fresh' else 'others' end
                  when p_type[i] in ('license.suspend', 'license.unsuspend', 'license.terminate', 'license.verify')
                       and x.license_id is null then 'fresh'
                  else 'others' end
           when l.license_id is null -- made since the lines were locked
                or p_type[i] not in ('license.renew', 'license.suspend', 'license.unsuspend', 'license.terminate',
                                     'license.verify')
                or x.license_id <> p.license_id then 'others'
           when p_type[i] = 'license.renew'
                and (p_provider[i] = '724license'
                     and (n.status = 'terminated' or n.status <> 'pending' and n.bought_at is null and n.adopted_at is null)
                     or p_period_end[i] is not null and exists (
                       select from bridge.orders o
                       where o.license_id = p.license_id and o.type = 'license.renew'
                         and o.period_end = p_period_end[i]::date and o.state not in ('failed', 'cancelled'))) then 'others'
           when l.head_order is not null then
             case when h.state in ('calling', 'in_doubt', 'needs_review')
                       or h.state = 'queued'
                          and (h.attempts > 0
                               or coalesce(p_sequence[i], l.max_sequence, 0) >= h.order_sequence)
                  then 'next' else 'others' end
           when a.paused is distinct from false or l.pending > 0 or greatest(l.settle_until, l.probe_until) > now()
                or p_sequence[i] < l.done_sequence and p_type[i] in ('license.suspend', 'license.unsuspend')
                or p_provider[i] = '724license'
                   and (n.status = 'terminated' and p_type[i] in ('license.renew', 'license.unsuspend')
                        or n.status in ('active', 'suspended') and n.ip is not null
                           and (p_upstream_type[i], p_ip[i]::inet) is distinct from (n.upstream_type, n.ip)) then 'others'
           else 'next' end as kind,
           p.license_id is null and k.order_id is null
             and not (p_type[i] = 'license.create' and c.visible is not distinct from false)
             and not (p_type[i] = 'license.renew' and p_provider[i] = '724license') as may_make
    from generate_series(1, places) i
    left join bridge.delivery d on d.source = p_source[i] and d.delivery_id = p_delivery_id[i]
    left join bridge.orders k on k.source = p_source[i] and k.operation_key = p_operation_key[i] and not k.key_free
    left join bridge.account a on a.account = p_account[i]
    left join bridge.product c on c.account = p_account[i] and c.upstream_type = p_upstream_type[i]
    left join bridge.license_product p
           on p.source = p_source[i] and p.service_id = p_service_id[i] and p.product_code = p_product_code[i]
    left join bridge.line l on l.license_id = p.license_id and (l.license_id = any (p_locked)) is true
    left join bridge.license n on n.license_id = p.license_id
    left join bridge.orders h on h.order_id = l.head_order
    left join bridge.pair x on p_provider[i] = '724license' and x.account = p_account[i]
                           and x.upstream_type = p_upstream_type[i] and x.ip = p_ip[i]::inet
    order by i
  ) s;
  -- Two batches that make the same licenses must make them in one order, or they would wait for each other.
  if makers is not null and fresh is not null then
    others := others || array(
      select i from unnest(fresh) i where (p_source[i], p_service_id[i], p_product_code[i])
                                        > (p_source[makers[1]], p_service_id[makers[1]], p_product_code[makers[1]]));
    fresh := array(
      select i from unnest(fresh) with ordinality u(i, n)
      where (p_source[i], p_service_id[i], p_product_code[i])
          < (p_source[makers[1]], p_service_id[makers[1]], p_product_code[makers[1]]) order by n);
  end if;
end
$$;

CREATE FUNCTION bridge.intake_store(r bridge.intake_row, p_license bigint, p_order bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  l bridge.line;
  first_renewal bigint;
begin
  insert into bridge.delivery (source, delivery_id, digest, order_id)
  values (r.source, r.delivery_id, r.digest, p_order) on conflict do nothing;
  if not found then
    return false;
  end if;
  if r.type = 'license.renew' and r.period_end is not null then
    select o.order_id into first_renewal from bridge.orders o
    where o.license_id = p_license and o.type = 'license.renew' and o.period_end = r.period_end::date
      and o.state not in ('failed', 'cancelled')
    order by o.order_id limit 1;
  end if;
  update bridge.line
  set last_position = last_position + 1, max_sequence = greatest(max_sequence, r.sequence),
      pending = pending + case when first_renewal is null then 1 else 0 end
  where license_id = p_license returning * into l;
  insert into bridge.orders (
    order_id, license_id, source, operation_key, fingerprint, type, paid, provider, account, service_id, product_code,
    upstream_type, new_product_code, new_upstream_type, recycled, ip, new_ip, billing_months, period_end, license_key,
    customer_email, domain, hwid, machine_name, os_info, verification_type, sequence, order_sequence, position, cause,
    max_credits, panel_order_id, invoice_id, invoice_item_id, event_at, state, parked, reason_code, reason)
  values (
    p_order, p_license, r.source, r.operation_key, r.fingerprint, r.type::bridge.order_type, r.paid, r.provider,
    r.account, r.service_id, r.product_code, r.upstream_type, r.new_product_code, r.new_upstream_type, r.recycled,
    r.ip::inet, r.new_ip::inet, nullif(r.billing_months, 0), r.period_end::date, r.license_key, r.customer_email,
    r.domain, r.hwid, r.machine_name, r.os_info, r.verification_type, r.sequence,
    coalesce(r.sequence, l.max_sequence, 0), l.last_position, r.cause, r.max_credits::numeric, r.panel_order_id,
    r.invoice_id, r.invoice_item_id, to_timestamp(r.event_ms / 1000.0),
    case when first_renewal is not null then 'held' when l.head_order is null then 'queued'
         else 'blocked' end::bridge.order_state,
    first_renewal is not null,
    case when first_renewal is not null then 'second_renewal' when l.head_order is not null then 'line' end,
    case when first_renewal is not null
           then format('order %s already renews this license to %s', first_renewal, r.period_end) end)
  on conflict (source, operation_key) where not key_free do nothing;
  if not found then
    delete from bridge.delivery where source = r.source and delivery_id = r.delivery_id and order_id = p_order;
    update bridge.line set last_position = last_position - 1,
      pending = pending - case when first_renewal is null then 1 else 0 end where license_id = p_license;
    return false;
  end if;
  insert into bridge.event (order_id, source, delivery_id, address, body)
  values (p_order, r.source, r.delivery_id, r.address, r.body);
  if r.type = 'license.create' then
    update bridge.license
    set status = 'pending', ip = coalesce(r.ip::inet, ip), license_key = coalesce(r.license_key, license_key),
        updated_at = now()
    where license_id = p_license and status in ('unknown', 'terminated');
  elsif r.type = 'license.change_product' then
    insert into bridge.license_product (source, service_id, product_code, license_id)
    values (r.source, r.service_id, r.new_product_code, p_license) on conflict do nothing;
  end if;
  return true;
end
$$;

CREATE FUNCTION bridge.json_masked(p jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    AS $$
begin
  return case jsonb_typeof(p)
    when 'object' then coalesce((
      select jsonb_object_agg(m.key, case
        when m.key ~* '(passw|secret|token|credential|authorization|accesshash|private_?key|api_?key)' and jsonb_typeof(m.value) <> 'null'
          then '"***"'::jsonb
        else bridge.json_masked(m.value) end)
      from jsonb_each(p) m), '{}')
    when 'array' then coalesce((
      select jsonb_agg(bridge.json_masked(e.value) order by e.ordinality)
      from jsonb_array_elements(p) with ordinality e), '[]')
    else p end;
end
$$;

CREATE FUNCTION bridge.license_activated(p_order bigint, p_activated_ms bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update bridge.license l set activated_at = to_timestamp(p_activated_ms / 1000.0)
  from bridge.orders o
  where o.order_id = p_order and l.license_id = o.license_id
    and l.activated_at is distinct from to_timestamp(p_activated_ms / 1000.0)
$$;

CREATE FUNCTION bridge.license_checked(p_license bigint, p_code text, p_reason text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if p_code in ('license_not_valid', 'verification_failed') then
    update bridge.license set verified_at = now(), updated_at = now() where license_id = p_license;
    perform bridge.license_invalid(p_license, p_reason);
  elsif p_code = 'done' then
    update bridge.license set verified_at = now(), updated_at = now() where license_id = p_license;
    perform bridge.license_valid(p_license);
  end if;
end
$$;

CREATE FUNCTION bridge.license_due() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into bridge.due_change (period_end, account, upstream_type, billing_months, licenses)
  select x.period_end, x.account, x.upstream_type, coalesce(x.billing_months, 1), x.n
  from (values (old.status, old.provider, old.period_end, old.account, old.upstream_type, old.billing_months, -1),
               (new.status, new.provider, new.period_end, new.account, new.upstream_type, new.billing_months, 1))
    as x(status, provider, period_end, account, upstream_type, billing_months, n)
  where x.status = 'active' and x.provider = '724license' and x.period_end is not null;
  return null;
end
$$;

CREATE FUNCTION bridge.license_invalid(p_license bigint, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  l bridge.license;
begin
  update bridge.license set invalid_at = now(), updated_at = now()
  where license_id = p_license and invalid_at is null returning * into l;
  if not found then
    return false;
  end if;
  perform bridge.callback_add(l.source, 'service:' || l.service_id, null, 'license.invalid',
            json_build_object('source', l.source, 'service_id', l.service_id, 'account', l.account, 'reason', p_reason,
                              'license', bridge.license_json(l)))
  from bridge.source s where s.source = l.source and s.callbacks;
  return true;
end
$$;

CREATE FUNCTION bridge.license_ip_set(o bridge.orders, p_type text, p_ip inet) RETURNS void
    LANGUAGE sql
    AS $$
  update bridge.license_ip set until = now() where license_id = o.license_id and until is null and ip <> p_ip;
  insert into bridge.license_ip (license_id, ip, order_id)
  select o.license_id, p_ip, o.order_id
  where not exists (select from bridge.license_ip i where i.license_id = o.license_id and i.until is null);
  update bridge.pair set owned_at = now()
  where license_id = o.license_id and account = o.account and upstream_type = p_type and ip = p_ip;
$$;

CREATE FUNCTION bridge.license_json(l bridge.license) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_object(
    'license_id', l.license_id::text, 'status', l.status, 'product_code', l.product_code, 'ip', host(l.ip),
    'license_key', l.license_key, 'upstream_license_id', l.upstream_license_id, 'period_end', l.period_end,
    'expires_at', to_char(l.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
$$;

CREATE FUNCTION bridge.license_terminated(o bridge.orders) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update bridge.license
  set status = case when exists (select from bridge.creates_waiting(o.license_id)) then 'pending'
                    else 'terminated' end::bridge.license_status,
      terminated_at = now(), updated_at = now()
  where license_id = o.license_id;
  update bridge.license_ip set until = now() where license_id = o.license_id and until is null;
  update bridge.pair p
  set terminated_at = case when p.owned_at is not null then now() else p.terminated_at end,
      license_id = case when exists (
        select from bridge.creates_waiting(o.license_id) c
        where c.account = p.account and c.upstream_type = p.upstream_type and c.ip = p.ip) then p.license_id end
  where p.license_id = o.license_id;
end
$$;

CREATE FUNCTION bridge.license_valid(p_license bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update bridge.license set invalid_at = null, updated_at = now()
  where license_id = p_license and invalid_at is not null;
  return found;
end
$$;

CREATE FUNCTION bridge.licenses_find(p_source text, p_service text, p_ip inet, p_account text, p_product text, p_status text, p_key text, p_text text, p_before bigint, p_limit integer) RETURNS TABLE(license_id bigint, next bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  step constant int := 20000;
  low bigint := 0;
  named bigint[];
  ids bigint[];
begin
  if p_text is not null or p_key is not null then
    named := array(
      select l.license_id from bridge.license l where l.upstream_license_id in (p_text, p_key)
      union
      select l.license_id from bridge.account a
      join bridge.license l on l.account = a.account and l.license_key in (p_text, p_key)
      union
      select l.license_id from bridge.license l where l.service_id = p_text
      union
      select i.license_id from bridge.license_ip i where host(i.ip) = p_text and i.ip = (
        case when p_text ~ '^[0-9]{1,3}([.][0-9]{1,3}){3}$|^[0-9a-fA-F:]+:[0-9a-fA-F:.]+$' then p_text::inet end));
  elsif p_service is not null then
    named := array(select l.license_id from bridge.license l where l.service_id = p_service);
  elsif p_ip is not null then
    named := array(select l.license_id from bridge.license l where l.ip = p_ip
                   union select i.license_id from bridge.license_ip i where i.ip = p_ip);
  else
    low := greatest(0, least(p_before, (select max(l.license_id) + 1 from bridge.license l)) - step);
  end if;
  ids := array(
    select l.license_id from bridge.license l
    where (named is null or l.license_id = any (named)) and l.license_id >= low
      and (p_before is null or l.license_id < p_before)
      and (p_source is null or l.source = p_source) and (p_service is null or l.service_id = p_service)
      and (p_account is null or l.account = p_account) and (p_product is null or l.product_code = p_product)
      and (p_status is null or l.status::text = p_status)
      and (p_key is null or l.license_key = p_key or l.upstream_license_id = p_key)
      and (p_ip is null or l.ip = p_ip
           or exists (select from bridge.license_ip i where i.license_id = l.license_id and i.ip = p_ip))
    order by l.license_id desc limit p_limit);
  next := case when cardinality(ids) = p_limit then ids[p_limit] when low > 1 then low end;
  if cardinality(ids) = 0 then
    return next;
  end if;
  foreach license_id in array ids loop
    return next;
  end loop;
end
$_$;

CREATE FUNCTION bridge.line_advance(p_license bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  l bridge.line;
  o bridge.orders;
  bar record;
  obstacle record;
  pause text;
begin
  loop
    select * into l from bridge.line where license_id = p_license;
    -- What has begun is the head, and stays it.  Looked for by itself: the rest is then the first of an index, however
    -- many orders wait.
    select * into o from bridge.orders
    where order_id = l.head_order and not parked
      and (state in ('calling', 'in_doubt', 'needs_review')
           or attempts > 0 and state not in ('succeeded', 'failed', 'cancelled'));
    if not found then
      select * into o from bridge.orders where order_id = (select bridge.line_waiting(p_license));
    end if;
    if not found then
      update bridge.line set head_order = null, run_at = null, lease_owner = null, lease_until = null
      where license_id = p_license;
      return;
    end if;
    if o.state in ('calling', 'in_doubt', 'needs_review') or (o.order_id = l.head_order and o.state = 'queued') then
      return; -- it has begun, or is already claimable
    end if;
    if o.order_id is distinct from l.head_order and l.head_order is not null then
      update bridge.orders
      set state = 'blocked', reason_code = 'line', reason = null, next_try_at = null, updated_at = now()
      where order_id = l.head_order and state = 'queued';
    end if;
    bar := bridge.order_bar(o, l.done_sequence);
    exit when bar.state is null;
    perform bridge.order_end_uncalled(o.order_id, bar.state, bar.code, bar.sentence);
  end loop;

  if o.state = 'held' and o.order_id = l.head_order then
    return; -- a hold is ended by what it waits for, not by its neighbours
  end if;
  obstacle := bridge.order_obstacle(o);
  select a.pause_reason into pause from bridge.account a where a.account = o.account and a.paused;
  if obstacle.pair_id is not null and bridge.order_cycle(p_license, obstacle.holder) then
    update bridge.orders
    set state = 'held', waits_pair = null, reason_code = 'cycle', next_try_at = null, updated_at = now(),
        reason = 'this order and the holder of its address wait for each other: cancel one, or move it elsewhere first'
    where order_id = o.order_id;
  elsif obstacle.pair_id is not null then
    update bridge.orders
    set state = 'blocked', waits_pair = obstacle.pair_id, reason_code = 'pair', next_try_at = null,
        reason = bridge.pair_sentence(obstacle.pair_id), updated_at = now()
    where order_id = o.order_id;
  elsif o.state = 'held' then
    null;
  elsif pause is not null then
    update bridge.orders
    set state = 'held', waits_pair = null, reason_code = 'account_paused', next_try_at = null,
        reason = 'the account is paused: ' || pause, updated_at = now()
    where order_id = o.order_id;
  else
    update bridge.orders
    set state = 'queued', waits_pair = null, updated_at = now(),
        next_try_at = greatest(now(), l.settle_until, l.probe_until),
        reason_code = case when greatest(l.settle_until, l.probe_until) > now() then 'settle' end,
        reason = case when greatest(l.settle_until, l.probe_until) > now()
                      then 'waits until a doubtful call of the order before can no longer act' end
    where order_id = o.order_id
    returning * into o;
  end if;
  update bridge.line
  set account = o.account, head_order = o.order_id, head_paid = o.paid, head_type = o.type, lease_owner = null, lease_until = null,
      run_at = case when o.state = 'queued' then o.next_try_at end
  where license_id = p_license;
end
$$;

COMMENT ON FUNCTION bridge.line_advance(p_license bigint) IS 'Chooses the head of a license''s line; the line must be locked';

CREATE FUNCTION bridge.line_fail_successors(o bridge.orders) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  in_line int;
begin
  select count(*) filter (where not s.parked) into in_line from bridge.orders s
  where s.license_id = o.license_id and s.state in ('queued', 'blocked', 'held') and s.attempts = 0
    and (s.order_sequence, s.position) > (o.order_sequence, o.position);
  update bridge.orders s
  set state = 'failed', reason_code = 'create_failed', parked = false, waits_pair = null, next_try_at = null,
      reason = format('the create of this license (order %s) ended %s: %s', o.order_id, o.state, o.reason),
      key_free = true, finished_at = now(), updated_at = now()
  where s.license_id = o.license_id and s.state in ('queued', 'blocked', 'held') and s.attempts = 0
    and (s.order_sequence, s.position) > (o.order_sequence, o.position);
  update bridge.line set pending = greatest(pending - in_line, 0) where license_id = o.license_id;
end
$$;

CREATE FUNCTION bridge.line_waiting(p_license bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET enable_sort TO 'off'
    AS $$
begin
  return (select o.order_id from bridge.orders o
          where o.license_id = p_license and o.state not in ('succeeded', 'failed', 'cancelled') and not o.parked
          order by o.order_sequence, o.position limit 1);
end
$$;

CREATE FUNCTION bridge.lines_ended(p_orders bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
declare
  remaining bigint[];
begin
  with ended as materialized (
    select l.license_id, l.pending > 1 as waited, greatest(l.done_sequence, o.sequence) as done_sequence,
           (greatest(l.settle_until, l.probe_until) > now()) is true as settles
    from bridge.orders o join bridge.line l on l.license_id = o.license_id
    where o.order_id = any (p_orders)
  ), next as materialized (
    select e.license_id, o.order_id, o.account, o.type
    from ended e
    join bridge.orders o on o.order_id = (select bridge.line_waiting(e.license_id))
    join bridge.license c on c.license_id = e.license_id
    join bridge.account a on a.account = o.account
    where e.waited and not e.settles and not a.paused and (o.sequence < e.done_sequence) is not true
      -- "is true", here and elsewhere: by their numbers, not by way of all that waits.
      and (o.state = 'blocked') is true and o.attempts = 0 and not o.paid and o.type in ('license.suspend', 'license.unsuspend')
      -- The license lives, where the order looks for it, and nobody else has that pair.
      and (o.provider <> '724license'
           or c.status <> 'terminated'
              and (c.status not in ('active', 'suspended') or c.ip is null or (o.upstream_type, o.ip) = (c.upstream_type, c.ip))
              and not exists (select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type
                                and p.ip = o.ip and p.license_id <> o.license_id))
  ), queued as (
    update bridge.orders o
    set state = 'queued', waits_pair = null, next_try_at = now(), reason_code = null, reason = null, updated_at = now()
    from next where o.order_id = next.order_id
  ), lines as (
    -- How many wait is the line's to say: a join with what is unfinished would read all of it where statistics, made
    -- when nothing was, know of none.
    update bridge.line l
    set lease_owner = null, lease_until = null, pending = greatest(l.pending - 1, 0), done_sequence = e.done_sequence,
        head_order = next.order_id, head_type = coalesce(next.type, l.head_type),
        account = coalesce(next.account, l.account), run_at = case when next.order_id is not null then now() end
    from ended e left join next on next.license_id = e.license_id
    where l.license_id = e.license_id
    returning l.license_id, l.pending > 0 and l.head_order is null as remains
  )
  select array_agg(lines.license_id order by lines.license_id) into remaining from lines where lines.remains;
  return remaining;
end
$$;

CREATE FUNCTION bridge.lines_leased(p_worker text, p_account text, p_paid boolean, p_limit integer, p_lease_ms bigint, OUT heads bigint[], OUT epochs bigint[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
  look constant text := format('bridge.look_%s%s', case when p_paid then 'paid_' end, encode(convert_to(p_account, 'UTF8'), 'hex'));
  since constant timestamptz := bridge.look_from(look);
  first timestamptz;
begin
  with ripe as materialized (
    select l.license_id, l.run_at from bridge.line l
    where l.account = p_account and l.head_paid = p_paid and l.run_at >= since and l.run_at <= now()
      and l.lease_owner is null
    order by l.account, l.head_paid, l.run_at limit p_limit
    for update skip locked
  ), leased as (
    update bridge.line l
    set lease_owner = p_worker, lease_epoch = l.lease_epoch + 1,
        lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
    from ripe where l.license_id = ripe.license_id
    returning l.head_order, l.lease_epoch, ripe.run_at
  )
  select array_agg(leased.head_order), array_agg(leased.lease_epoch), min(leased.run_at)
  into heads, epochs, first from leased;
  perform bridge.look_ended(look, since, case when coalesce(cardinality(heads), 0) < p_limit then now() else first end);
end
$$;

CREATE FUNCTION bridge.look_ended(p_look text, p_from timestamp with time zone, p_reached timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  whole_at timestamptz := nullif(split_part(current_setting(p_look, true), '|', 2), '');
begin
  if p_from = '-infinity' then
    whole_at := clock_timestamp() + least(greatest(interval '500 ms', 20 * (clock_timestamp() - now())), interval '10 s');
  end if;
  perform set_config(p_look, greatest(p_from, p_reached - interval '250 ms') || '|' || whole_at, false);
end
$$;

CREATE FUNCTION bridge.look_from(p_look text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $$
declare
  kept constant text[] := string_to_array(current_setting(p_look, true), '|'); -- where to begin, when to look at the whole
begin
  return case when clock_timestamp() between kept[1]::timestamptz and kept[2]::timestamptz then kept[1]::timestamptz
              else '-infinity' end;
end
$$;

CREATE FUNCTION bridge.operator_acknowledge(p_actor text, p_account text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  was text;
begin
  select alarm into was from bridge.account where account = p_account and alarm is not null for no key update;
  if not found then
    return false;
  end if;
  update bridge.account set alarm = null, alarm_at = null, version = version + 1 where account = p_account;
  perform bridge.taint_lifted(p_account);
  perform bridge.operator_note(p_actor, 'account.acknowledge', null, p_account, p_reason,
                               jsonb_build_object('alarm', was));
  return true;
end
$$;

CREATE FUNCTION bridge.operator_adjust(p_actor text, p_account text, p_amount numeric, p_reason text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select bridge.operator_book(p_actor, p_account, 'adjustment', p_amount, p_reason)
$$;

CREATE FUNCTION bridge.operator_adopt(p_actor text, p_dry boolean, text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[]) RETURNS TABLE(idx integer, outcome text, field text, problem text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  r bridge.adopt_row;
  found_as record;
  adopted int := 0;
begin
  perform from bridge.line l
  where l.license_id in (select p.license_id from unnest($3, $4, $5) as u(source, service_id, product_code)
                         join bridge.license_product p using (source, service_id, product_code))
  order by l.license_id for update;
  for r in
    select u.ord::int, u.a1, u.a2, u.a3, u.a4, u.a5, u.a6, u.a7::inet, u.a8, u.a9, u.a10::date,
           u.a11::bridge.license_status
    from unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
      with ordinality as u(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, ord)
    order by u.a1, u.a2, u.a3
  loop
    found_as := bridge.adopt_check(r);
    idx := r.idx;
    field := found_as.field;
    problem := found_as.problem;
    outcome := case when problem is not null then 'refused' when found_as.same then 'unchanged' else 'adopted' end;
    if outcome = 'adopted' and not p_dry then
      if bridge.adopt_one(r, found_as.id) then
        adopted := adopted + 1;
      else
        outcome := 'refused';
        field := 'service_id';
        problem := 'an order of this service came in meanwhile: try again';
      end if;
    end if;
    return next;
  end loop;
  if adopted > 0 then
    perform bridge.operator_note(p_actor, 'license.adopt', null, null, null, jsonb_build_object('adopted', adopted));
  end if;
end
$_$;

CREATE FUNCTION bridge.operator_book(p_actor text, p_account text, p_kind text, p_amount numeric, p_reason text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  running bigint;
begin
  update bridge.account set version = version + 1 where account = p_account returning window_id into running;
  if not found then
    return false;
  end if;
  update bridge.spending_window set tainted = true where window_id = running and state <> 'shut';
  insert into bridge.ledger (account, kind, amount, note)
  values (p_account, p_kind, case p_kind when 'topup' then p_amount else -p_amount end, p_reason);
  perform bridge.operator_note(p_actor, 'balance.' || p_kind, null, p_account, p_reason,
                               jsonb_build_object('amount', p_amount));
  return true;
end
$$;

CREATE FUNCTION bridge.operator_bulk(p_actor text, p_action text, p_orders bigint[], p_reason text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  id bigint;
  done boolean;
  changed int := 0;
begin
  if p_action not in ('retry', 'hold', 'release', 'cancel') then
    raise exception '% is nothing that is done to many orders', p_action using errcode = 'invalid_parameter_value';
  end if;
  perform from bridge.line l
  where l.license_id in (select o.license_id from bridge.orders o where o.order_id = any (p_orders))
  order by l.license_id for update;
  foreach id in array p_orders loop
    begin
      done := case p_action
        when 'retry' then bridge.operator_retry(p_actor, id, p_reason)
        when 'hold' then bridge.operator_hold(p_actor, id, p_reason)
        when 'release' then bridge.operator_release(p_actor, id, p_reason)
        when 'cancel' then bridge.operator_cancel(p_actor, id, p_reason)
      end;
    exception when object_not_in_prerequisite_state then
      done := false;
    end;
    changed := changed + done::int;
  end loop;
  return changed;
end
$$;

CREATE FUNCTION bridge.operator_callback_resend(p_actor text, p_callback bigint, p_source text, p_reason text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  ids bigint[];
begin
  with again as (
    update bridge.callback
    set state = 'queued', attempts = 0, run_at = now(), finished_at = null
    where lease_owner is null
      and (callback_id = p_callback or (p_callback is null and source = p_source and state = 'dead'))
    returning callback_id
  )
  select array_agg(callback_id order by callback_id) into ids from again;
  if ids is null then
    return 0;
  end if;
  perform bridge.operator_note(p_actor, 'callback.resend', (select order_id from bridge.callback
                                                            where callback_id = p_callback), null, p_reason,
                               jsonb_build_object('callbacks', ids[1:100], 'count', cardinality(ids)));
  return cardinality(ids);
end
$$;

CREATE FUNCTION bridge.operator_cancel(p_actor text, p_order bigint, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

CREATE FUNCTION bridge.operator_forget(p_actor text, p_source text, p_service text, p_reason text) RETURNS TABLE(outcome text, orders bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  ids bigint[];
begin
  perform from bridge.line l
  where l.license_id in (select c.license_id from bridge.license c where c.source = p_source and c.service_id = p_service)
  order by l.license_id for update;
  select array_agg(o.order_id) into ids from bridge.orders o where o.source = p_source and o.service_id = p_service;
  if ids is null then
    return query select 'unknown', 0::bigint;
    return;
  elsif exists (select from bridge.orders o
                where o.order_id = any (ids) and (o.state not in ('succeeded', 'failed', 'cancelled')) is true) then
    return query select 'busy', cardinality(ids)::bigint;
    return;
  end if;
  update bridge.orders o set customer_email = null, domain = null, hwid = null, machine_name = null, os_info = null,
    panel_order_id = null
  where o.order_id = any (ids);
  update bridge.event e set body = convert_to('{"forgotten":true}', 'UTF8'), address = null where e.order_id = any (ids);
  update bridge.attempt a set request = null, answer = null where a.order_id = any (ids);
  delete from bridge.callback c where c.order_id = any (ids) and c.state = 'sent';
  perform bridge.operator_note(p_actor, 'service.forget', null, null, p_reason,
                               jsonb_build_object('source', p_source, 'orders', cardinality(ids)));
  return query select 'ok', cardinality(ids)::bigint;
end
$$;

CREATE FUNCTION bridge.operator_free_key(p_actor text, p_order bigint, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  o bridge.orders;
begin
  update bridge.orders set key_free = true, updated_at = now()
  where order_id = p_order and state = 'failed' and reason_code = 'resolved' and not key_free returning * into o;
  if not found then
    return false;
  end if;
  perform bridge.operator_note(p_actor, 'order.free_key', p_order, o.account, p_reason,
                               jsonb_build_object('source', o.source, 'operation_key', o.operation_key));
  return true;
end
$$;

CREATE FUNCTION bridge.operator_hold(p_actor text, p_order bigint, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  o bridge.orders;
begin
  perform from bridge.line where license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  update bridge.orders
  set state = 'held', reason_code = 'operator_hold', reason = coalesce('held by an operator: ' || p_reason, 'held by an operator'),
      waits_pair = null, next_try_at = null, updated_at = now()
  where order_id = p_order and state in ('queued', 'blocked') returning * into o;
  if not found then
    return false;
  end if;
  -- A worker that has leased it to buy will find the lease gone and send nothing.
  update bridge.line set run_at = null, lease_owner = null, lease_until = null
  where license_id = o.license_id and head_order = p_order;
  perform bridge.operator_note(p_actor, 'order.hold', p_order, o.account, p_reason);
  return true;
end
$$;

CREATE FUNCTION bridge.operator_note(p_actor text, p_action text, p_order bigint, p_account text, p_reason text, p_detail jsonb DEFAULT '{}'::jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  insert into bridge.operator_action (actor, action, order_id, account, reason, detail)
  values (p_actor, p_action, p_order, p_account, p_reason, p_detail)
$$;

CREATE FUNCTION bridge.operator_pause(p_actor text, p_account text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update bridge.account set paused = true, pause_reason = p_reason, version = version + 1
  where account = p_account and not paused;
  if found then
    perform bridge.operator_note(p_actor, 'account.pause', null, p_account, p_reason);
  end if;
  return found;
end
$$;

CREATE FUNCTION bridge.operator_release(p_actor text, p_order bigint, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

CREATE FUNCTION bridge.operator_resolve(p_actor text, p_order bigint, p_answer text, p_reason text, p_upstream_id text, p_quiet_ms bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  o bridge.orders;
begin
  perform from bridge.line l
  where l.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  perform from bridge.account a where a.account = (select account from bridge.orders where order_id = p_order)
  for no key update;
  select * into o from bridge.orders where order_id = p_order and state = 'needs_review' for update;
  if not found then
    return 'state';
  elsif o.deadline + p_quiet_ms * interval '1 ms' > now() then
    return 'early';
  end if;
  update bridge.account set version = version + 1 where account = o.account;
  update bridge.orders set unsettled = false where order_id = p_order;
  perform bridge.operator_note(p_actor, 'order.resolve.' || p_answer, p_order, o.account, p_reason,
    jsonb_build_object('attempt', o.attempts, 'price', o.price, 'unsettled', o.unsettled));
  if p_answer = 'happened' then
    perform bridge.order_end(p_order, 'succeeded', 'resolved', 'an operator found that it was carried out', o.price,
                             p_upstream_id, false);
  elsif p_answer = 'did_not_happen' then
    perform bridge.order_end(p_order, 'failed', 'resolved', 'an operator found that it was not carried out', null, null,
                             false);
  elsif p_answer = 'buy_again' then
    update bridge.orders
    set state = 'queued', reason_code = 'buy_again', reason = 'an operator had it tried again', doubted = false,
        next_try_at = now(), updated_at = now()
    where order_id = p_order;
    update bridge.line set run_at = now() where license_id = o.license_id;
  else
    raise exception 'no such answer: %', p_answer using errcode = 'invalid_parameter_value';
  end if;
  perform bridge.taint_lifted(o.account);
  return 'ok';
end
$$;

CREATE FUNCTION bridge.operator_resume(p_actor text, p_account text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

CREATE FUNCTION bridge.operator_retry(p_actor text, p_order bigint, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) and ln.head_order = p_order
    and ln.lease_owner is null for update;
  if not found or not exists (select from bridge.orders where order_id = p_order and state = 'queued') then
    return false;
  elsif l.settle_until > now() then
    raise exception 'a doubtful call of the same license may still act until %', to_char(l.settle_until, 'HH24:MI:SS TZ')
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  update bridge.orders set next_try_at = now(), updated_at = now() where order_id = p_order;
  update bridge.line set run_at = now() where license_id = l.license_id;
  perform bridge.operator_note(p_actor, 'order.retry', p_order, l.account, p_reason);
  return true;
end
$$;

CREATE FUNCTION bridge.operator_topup(p_actor text, p_account text, p_amount numeric, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_amount <= 0 then
    raise exception 'a top-up brings credits, not %', p_amount using errcode = 'invalid_parameter_value';
  end if;
  return bridge.operator_book(p_actor, p_account, 'topup', p_amount, p_reason);
end
$$;

CREATE FUNCTION bridge.order_action(o bridge.orders) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case o.type when 'license.create' then 'create' when 'license.renew' then 'renew'
                     when 'license.change_product' then 'change-core' end
$$;

CREATE FUNCTION bridge.order_actions(p_order bigint) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(jsonb_agg(a.word order by a.n), '[]')
  from bridge.orders o
  join bridge.line l on l.license_id = o.license_id
  cross join lateral (values
    (1, 'retry', o.state = 'queued' and l.head_order = o.order_id and l.lease_owner is null
                 and (l.settle_until is null or l.settle_until <= now())),
    (2, 'hold', o.state in ('queued', 'blocked')),
    (3, 'release', o.state = 'held'),
    (4, 'cancel', o.state in ('queued', 'blocked', 'held') and not o.doubted),
    (5, 'resolve', o.state = 'needs_review'),
    (6, 'free-key', o.state = 'failed' and o.reason_code = 'resolved' and not o.key_free)) a(n, word, may)
  where o.order_id = p_order and a.may
$$;

CREATE FUNCTION bridge.order_bar(o bridge.orders, p_done_sequence bigint, OUT state bridge.order_state, OUT code text, OUT sentence text) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
declare
  l bridge.license;
  status bridge.license_status;
begin
  select * into l from bridge.license lic where lic.license_id = o.license_id;
  status := l.status;
  if o.type in ('license.suspend', 'license.unsuspend') and o.sequence < p_done_sequence then
    state := 'cancelled';
    code := 'superseded';
    sentence := format('superseded: sequence %s was carried out already', p_done_sequence);
  elsif o.provider = '724license' and status = 'terminated'
        and o.type in ('license.renew', 'license.unsuspend', 'license.change_ip', 'license.change_product') then
    state := 'failed';
    code := 'terminated';
    sentence := 'the license was terminated before';
  elsif o.provider = '724license' and status in ('active', 'suspended') and o.type = 'license.create' then
    state := 'failed';
    code := 'already_live';
    sentence := 'the license lives already';
  elsif o.provider = '724license' and status in ('active', 'suspended') and l.ip is not null
        and (o.upstream_type, o.ip) is distinct from (l.upstream_type, l.ip) then
    state := 'failed';
    code := 'elsewhere';
    sentence := format('the license is %s on %s, not %s on %s', l.upstream_type, host(l.ip), o.upstream_type, host(o.ip));
  end if;
end
$$;

CREATE FUNCTION bridge.order_budget_reason(o bridge.orders) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case when (t.budget).cool_until > clock_timestamp()
              then format('%s asked for fewer calls and rests until %s UTC; place %s, expected about %s UTC',
                          (t.budget).endpoint, to_char((t.budget).cool_until at time zone 'UTC', 'HH24:MI:SS'), t.place,
                          to_char(t.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
              else format('waits for its turn at %s, which takes %s calls in %s; place %s, expected about %s UTC',
                          (t.budget).endpoint, (t.budget).requests, (t.budget).per, t.place,
                          to_char(t.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')) end
  from bridge.budget_turn(o) t where t.at is not null
$$;

CREATE FUNCTION bridge.order_changes(o bridge.orders) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select o.type <> 'license.verify' and not (o.provider = 'lisanszone' and o.type = 'license.renew')
$$;

CREATE FUNCTION bridge.order_cycle(p_license bigint, p_holder bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
declare
  at bigint := p_holder;
begin
  for step in 1 .. 20 loop
    select p.license_id into at from bridge.line l
    join bridge.orders o on o.order_id = l.head_order and o.state = 'blocked'
    join bridge.pair p on p.pair_id = o.waits_pair
    where l.license_id = at;
    if at is null or at = p_license then
      return at is not null;
    end if;
  end loop;
  return false;
end
$$;

CREATE FUNCTION bridge.order_end(p_order bigint, p_state bridge.order_state, p_code text, p_reason text, p_credits numeric, p_upstream_id text, p_key_free boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  o bridge.orders;
begin
  update bridge.orders
  set state = p_state, reason_code = p_code, reason = p_reason, next_try_at = null, finished_at = now(),
      unsettled = false, credits = p_credits, upstream_license_id = coalesce(p_upstream_id, upstream_license_id), updated_at = now(),
      key_free = (p_state = 'failed' and p_key_free and not doubted)
  where order_id = p_order returning * into o;
  if p_state = 'succeeded' and o.paid then
    insert into bridge.ledger (account, kind, order_id, amount)
    values (o.account, 'purchase', o.order_id, p_credits);
  end if;
  update bridge.line set pending = greatest(pending - 1, 0) where license_id = o.license_id;
  perform bridge.order_ended(o);
  perform bridge.line_advance(o.license_id);
end
$$;

CREATE FUNCTION bridge.order_end_uncalled(p_order bigint, p_state bridge.order_state, p_code text, p_reason text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  o bridge.orders;
begin
  update bridge.orders
  set state = p_state, reason_code = p_code, reason = p_reason, parked = false, waits_pair = null, next_try_at = null,
      key_free = (p_state = 'failed' and attempts = 0), finished_at = now(), updated_at = now()
  where order_id = p_order returning * into o;
  update bridge.line set pending = greatest(pending - 1, 0) where license_id = o.license_id;
  perform bridge.order_ended(o);
end
$$;

CREATE FUNCTION bridge.order_ended(o bridge.orders) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform from bridge.license where license_id = o.license_id for no key update;
  if not o.paid and o.attempts > 0 and o.type in ('license.verify', 'license.renew') then
    perform bridge.license_checked(o.license_id, o.reason_code, o.reason);
  end if;
  if o.state = 'succeeded' then
    perform bridge.order_succeeded(o);
  else
    perform bridge.order_let_go(o);
  end if;
end
$$;

CREATE FUNCTION bridge.order_expected(o bridge.orders) RETURNS timestamp with time zone
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case when o.state = 'queued' and not o.paid
              then coalesce((select t.at from bridge.budget_turn(o) t), o.next_try_at) else o.next_try_at end
$$;

CREATE FUNCTION bridge.order_fits(o bridge.orders, p_states bridge.order_state[], p_source text, p_service text, p_ip inet, p_license bigint, p_account text, p_type bridge.order_type, p_product text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select (p_states is null or o.state = any (p_states)) and (p_source is null or o.source = p_source)
    and (p_service is null or o.service_id = p_service) and (p_ip is null or o.ip = p_ip or o.new_ip = p_ip)
    and (p_license is null or o.license_id = p_license) and (p_account is null or o.account = p_account)
    and (p_type is null or o.type = p_type) and (p_product is null or o.product_code = p_product)
$$;

CREATE FUNCTION bridge.order_let_go(o bridge.orders) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  l bridge.license;
  target record;
begin
  select * into l from bridge.license where license_id = o.license_id;
  if o.type = 'license.create' and l.status = 'pending' then
    update bridge.license
    set status = case when terminated_at is null then 'unknown' else 'terminated' end::bridge.license_status,
        updated_at = now()
    where license_id = o.license_id;
    -- It has nothing upstream: what its successors claimed goes with them.
    update bridge.pair set license_id = null where license_id = o.license_id;
    perform bridge.line_fail_successors(o);
  elsif o.type in ('license.change_ip', 'license.change_product') then
    target := bridge.order_target(o);
    delete from bridge.license_product p
    where o.type = 'license.change_product' and p.license_id = l.license_id
      and p.product_code = o.new_product_code and p.product_code <> l.product_code;
    if target.target_ip is not null
       and (target.target_type, target.target_ip) is distinct from (l.upstream_type, l.ip) then
      perform bridge.pair_release(o.account, target.target_type, target.target_ip, l.license_id);
    end if;
  end if;
end
$$;

CREATE FUNCTION bridge.order_most(o bridge.orders, p_month numeric) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$
  select coalesce(bridge.price_learned(o, p_month), p_month * greatest(coalesce(o.billing_months, 1), 1))
$$;

CREATE FUNCTION bridge.order_obstacle(o bridge.orders, OUT pair_id bigint, OUT holder bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
  target record;
  claim record;
begin
  if o.provider <> '724license' or o.ip is null or (o.state = 'held' and o.reason_code = 'operator_hold') then
    return; -- what a person holds stays held, whoever has its pair
  end if;
  select p.pair_id, p.license_id into pair_id, holder from bridge.pair p
  where p.account = o.account and p.upstream_type = o.upstream_type and p.ip = o.ip
    and p.license_id is not null and p.license_id <> o.license_id
  for update;
  if pair_id is not null then
    return;
  end if;
  target := bridge.order_target(o);
  if target.target_ip is not null then
    claim := bridge.pair_claim(o.account, target.target_type, target.target_ip, o.license_id, o.order_id);
    if claim.holder is distinct from o.license_id then
      pair_id := claim.pair_id;
      holder := claim.holder;
    end if;
  end if;
end
$$;

CREATE FUNCTION bridge.order_probeable(o bridge.orders) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select o.type = 'license.create' and o.provider = '724license' and not exists (
           select from bridge.pair p
           where p.account = o.account and p.upstream_type = o.upstream_type
             and p.ip = o.ip and (p.owned_at is not null or p.terminated_at is not null))
$$;

CREATE FUNCTION bridge.order_read(p_order bigint, p_source text) RETURNS TABLE(order_id bigint, source text, service_id text, operation_key text, type text, state text, reason text, next_try_at timestamp with time zone, attempts integer, license text, credits text, created_at text, updated_at text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select o.order_id, o.source, o.service_id, o.operation_key, o.type::text, o.state::text, bridge.order_reason(o),
         bridge.order_expected(o),
         o.attempts,
         bridge.license_json(l)::text,
         trim_scale(o.credits)::text,
         to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         to_char(o.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  from bridge.orders o join bridge.license l using (license_id)
  where o.order_id = p_order and (p_source is null or o.source = p_source)
$$;

CREATE FUNCTION bridge.order_reason(o bridge.orders) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(case when o.state = 'queued' and not o.paid then bridge.order_budget_reason(o) end,
                  bridge.order_reason_words(o, (select l.head_order from bridge.line l where l.license_id = o.license_id)))
$$;

CREATE FUNCTION bridge.order_reason_words(o bridge.orders, p_head bigint) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case when o.state = 'blocked' and o.reason_code in ('line', 'released')
              then format('waits for order %s of the same license', p_head)
              when o.state = 'queued' then coalesce(o.reason, 'waits for a worker')
              when o.state = 'calling' then coalesce(o.reason, 'the provider is being called')
              else o.reason end
$$;

CREATE FUNCTION bridge.order_since(p_after bigint, p_at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
declare
  o record;
begin
  for o in select x.order_id, x.created_at from bridge.orders x where x.order_id > p_after order by x.order_id loop
    if o.created_at >= p_at then
      return o.order_id;
    end if;
  end loop;
  return 9223372036854775807;
end
$$;

CREATE FUNCTION bridge.order_succeeded(o bridge.orders) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  case o.type
  when 'license.create' then
    update bridge.license
    set status = 'active', ip = o.ip, license_key = o.license_key, upstream_license_id = o.upstream_license_id,
        period_end = o.period_end, billing_months = o.billing_months, bought_at = now(), terminated_at = null,
        product_code = o.product_code, upstream_type = o.upstream_type, updated_at = now()
    where license_id = o.license_id;
    if o.ip is not null then
      perform bridge.license_ip_set(o, o.upstream_type, o.ip);
    end if;
  when 'license.renew' then
    update bridge.license
    set period_end = coalesce(o.period_end, period_end), billing_months = coalesce(o.billing_months, billing_months),
        updated_at = now()
    where license_id = o.license_id;
  when 'license.suspend' then
    update bridge.license set status = 'suspended', updated_at = now()
    where license_id = o.license_id and status = 'active';
  when 'license.unsuspend' then
    update bridge.license set status = 'active', updated_at = now()
    where license_id = o.license_id and status = 'suspended';
  when 'license.terminate' then
    perform bridge.license_terminated(o);
  when 'license.change_ip' then
    update bridge.license set ip = o.new_ip, updated_at = now() where license_id = o.license_id;
    perform bridge.license_ip_set(o, o.upstream_type, o.new_ip);
    perform bridge.pair_leave(o.account, o.upstream_type, o.ip, o.license_id);
  when 'license.change_product' then
    update bridge.license set product_code = o.new_product_code, upstream_type = o.new_upstream_type,
      updated_at = now() where license_id = o.license_id;
    perform bridge.license_ip_set(o, o.new_upstream_type, o.ip);
    if o.new_upstream_type <> o.upstream_type then
      perform bridge.pair_leave(o.account, o.upstream_type, o.ip, o.license_id);
    end if;
  when 'license.verify' then
    null;
  end case;
  if o.sequence is not null then
    update bridge.line set done_sequence = greatest(done_sequence, o.sequence) where license_id = o.license_id;
  end if;
end
$$;

CREATE FUNCTION bridge.order_target(o bridge.orders, OUT target_type text, OUT target_ip inet) RETURNS record
    LANGUAGE sql IMMUTABLE
    AS $$
  select case when o.type = 'license.change_product' then o.new_upstream_type else o.upstream_type end,
         case when o.provider <> '724license' then null
              when o.type = 'license.change_ip' then o.new_ip
              when o.type in ('license.create', 'license.change_product') then o.ip end
$$;

CREATE FUNCTION bridge.order_timeline(p_order bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    with item as (
      select d.received_at as at, 1 as rank, jsonb_build_object(
        'kind', 'delivery', 'delivery_id', d.delivery_id, 'address', e.address, 'repeated', e.order_id is null,
        'body', bridge.event_shown(e.body)) as said
      from bridge.delivery d
      left join bridge.event e on e.order_id = d.order_id and e.source = d.source and e.delivery_id = d.delivery_id
      where d.order_id = p_order
      union all
      select h.at, 5, jsonb_build_object(
        'kind', 'move', 'from', h.from_state, 'to', h.to_state, 'reason_code', h.reason_code, 'reason', h.reason)
      from bridge.order_history h where h.order_id = p_order
      union all
      select a.started_at, 2, jsonb_build_object(
        'kind', 'call', 'attempt', a.attempt, 'call', a.call, 'account', a.account, 'worker', a.worker, 'sent', a.sent,
        'request', a.request, 'price', trim_scale(a.price)::text, 'balance_before', trim_scale(a.balance_before)::text,
        'window_id', a.window_id::text)
      from bridge.attempt a where a.order_id = p_order
      union all
      select coalesce(a.late_at, a.finished_at), 3, jsonb_build_object(
        'kind', 'answer', 'attempt', a.attempt, 'verdict', a.verdict, 'http_status', a.http_status,
        'curl_code', a.curl_code, 'elapsed_ms', a.elapsed_ms, 'reason_code', a.reason_code, 'reason', a.reason,
        'answer', bridge.answer_text(a.answer))
      from bridge.attempt a where a.order_id = p_order and a.finished_at is not null
      union all
      select l.at, 4, jsonb_build_object(
        'kind', 'balance', 'window_id', w.window_id::text, 'ledger_kind', l.kind, 'amount', trim_scale(l.amount)::text,
        'balance', trim_scale(l.balance)::text, 'note', l.note, 'order_id', l.order_id::text)
      from bridge.orders o
      join bridge.spending_window w using (window_id)
      cross join lateral (
        select x.* from bridge.ledger x
        where x.account = w.account and x.at between w.opened_at and coalesce(w.closed_at, now())
          and (x.kind <> 'purchase' or x.order_id = o.order_id)
        order by x.at limit 100) l
      where o.order_id = p_order
      union all
      select p.at, 6, jsonb_build_object('kind', 'action', 'actor', p.actor, 'action', p.action, 'reason', p.reason)
      from bridge.operator_action p where p.order_id = p_order
    )
    select coalesce(jsonb_agg(jsonb_build_object('at', bridge.utc(i.at)) || i.said order by i.at, i.rank), '[]')
    from item i);
end
$$;

CREATE FUNCTION bridge.orders_begin() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'order % cannot begin as %', new.order_id, new.state using errcode = 'check_violation';
end
$$;

CREATE FUNCTION bridge.orders_find(p_filter jsonb, p_before bigint, p_limit integer) RETURNS TABLE(order_id bigint, next bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  step constant int := 20000;
  upper_id bigint := coalesce(p_before, 9223372036854775807);
  f_states bridge.order_state[] := string_to_array(p_filter ->> 'state', ',')::bridge.order_state[];
  one bridge.order_state;
  f_source text := p_filter ->> 'source';
  f_service text := p_filter ->> 'service';
  f_address inet := p_filter ->> 'ip';
  f_license bigint := p_filter ->> 'license';
  f_account text := p_filter ->> 'account';
  f_type bridge.order_type := p_filter ->> 'type';
  f_product text := p_filter ->> 'product';
  named bigint[];
  ids bigint[] := '{}';
  part bigint[];
  seen bigint := 0; -- everything from here up was looked at
  low bigint;
begin
  if p_filter ? 'text' then
    named := array(select bridge.orders_of_text(p_filter ->> 'text'));
  end if;
  if p_filter ? 'key' then
    part := array(select bridge.orders_of_key(p_filter ->> 'key'));
    named := case when named is null then part else array(select unnest(named) intersect select unnest(part)) end;
  end if;
  if named is null and f_license is not null then
    named := array(select o.order_id from bridge.orders o where o.license_id = f_license);
  elsif named is null and f_service is not null then
    named := array(select o.order_id from bridge.license l join bridge.orders o using (license_id)
                   where l.service_id = f_service and (f_source is null or l.source = f_source));
  elsif named is null and f_address is not null then
    named := array(select bridge.orders_of_ip(f_address));
  end if;
  if named is not null then
    ids := array(
      select o.order_id from bridge.orders o
      where o.order_id = any (named) and o.order_id < upper_id
        and bridge.order_fits(o, f_states, f_source, f_service, f_address, f_license, f_account, f_type, f_product)
      order by o.order_id desc limit p_limit);
  elsif f_states is null or 'succeeded' = any (f_states) then
    low := least(upper_id, coalesce((select max(o.order_id) + 1 from bridge.orders o), 1)) - step;
    ids := array(
      select o.order_id from bridge.orders o
      where o.order_id < upper_id and o.order_id >= low
        and bridge.order_fits(o, f_states, f_source, f_service, f_address, f_license, f_account, f_type, f_product)
      order by o.order_id desc limit p_limit);
    seen := greatest(low, 0);
  else
    foreach one in array f_states loop
      -- Spelled out, so that the planner knows which partial index it may use.
      execute format(
        'select array(select o.order_id from bridge.orders o where o.state = %L and o.order_id < $1
           and bridge.order_fits(o, null, $2, null, null, null, $3, $4, $5)
           and o.order_id >= coalesce((select s.order_id from bridge.orders s where s.state = %L and s.order_id < $1
                                       order by s.order_id desc offset $6 limit 1), 0)
         order by o.order_id desc limit $7)', one, one)
      into part using upper_id, f_source, f_account, f_type, f_product, step - 1, p_limit;
      ids := ids || part;
      if cardinality(part) < p_limit then
        execute format('select s.order_id from bridge.orders s where s.state = %L and s.order_id < $1
                        order by s.order_id desc offset $2 limit 1', one)
        into low using upper_id, step - 1;
        seen := greatest(seen, coalesce(low, 0));
      end if;
    end loop;
    ids := array(select i from unnest(ids) i where i >= seen order by i desc limit p_limit);
  end if;
  next := case when cardinality(ids) = p_limit then ids[p_limit] when seen > 1 then seen end;
  if cardinality(ids) = 0 then
    return next;
  end if;
  foreach order_id in array ids loop
    return next;
  end loop;
end
$_$;

CREATE FUNCTION bridge.orders_fixed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'order %: what was asked for is not changed', old.order_id using errcode = 'check_violation';
end
$$;

CREATE FUNCTION bridge.orders_match(p_filter jsonb, p_states text, p_up_to bigint, p_limit integer) RETURNS TABLE(order_id bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  states text;
  page record;
  before bigint := case when p_up_to > 0 then p_up_to + 1 end;
  further bigint;
  found_count int := 0;
begin
  select string_agg(s, ',') into states from unnest(string_to_array(p_states, ',')) s
  where not p_filter ? 'state' or s = any (string_to_array(p_filter ->> 'state', ','));
  if states is null then
    return;
  end if;
  loop
    further := null;
    for page in
      select f.order_id as id, f.next as next
      from bridge.orders_find(p_filter || jsonb_build_object('state', states), before, 1000) f
    loop
      further := page.next;
      if page.id is not null and found_count < p_limit then
        order_id := page.id;
        found_count := found_count + 1;
        return next;
      end if;
    end loop;
    exit when further is null or found_count >= p_limit;
    before := further;
  end loop;
end
$$;

CREATE FUNCTION bridge.orders_moved() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if not exists (select from bridge.order_move m where m.from_state = old.state and m.to_state = new.state) then
    raise exception 'order % cannot move from % to %', new.order_id, old.state, new.state
      using errcode = 'check_violation';
  end if;
  insert into bridge.order_history (order_id, from_state, to_state, reason_code, reason)
  values (new.order_id, old.state, new.state, new.reason_code, new.reason);
  return null;
end
$$;

CREATE FUNCTION bridge.orders_of_ip(p_ip inet) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    AS $$
  with licenses as (
    select i.license_id from bridge.license_ip i where i.ip = p_ip
    union
    select l.license_id from bridge.license l where l.ip = p_ip
    union
    select p.license_id from bridge.pair p where p.ip = p_ip and p.license_id is not null
  )
  select o.order_id from licenses join bridge.orders o using (license_id)
  union
  select o.order_id from bridge.orders o
  where o.ip = p_ip and (o.state in ('failed', 'cancelled') or o.provider = 'lisanszone')
  union
  select o.order_id from bridge.orders o where o.new_ip = p_ip and o.state in ('failed', 'cancelled')
  union
  select o.order_id from bridge.pair p join bridge.orders o on o.waits_pair = p.pair_id where p.ip = p_ip
  union
  select w.order_id
  from unnest(array['queued', 'blocked', 'held']::bridge.order_state[]) s(state)
  cross join lateral (
    select o.order_id from bridge.orders o
    where o.state = s.state and o.state not in ('succeeded', 'failed', 'cancelled')
    order by o.order_id desc limit 2000) w
$$;

CREATE FUNCTION bridge.orders_of_key(p_key text) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    AS $$
  select o.order_id from bridge.sources_known() s(source)
  join bridge.orders o on o.source = s.source and o.operation_key = p_key and not o.key_free
  union
  select o.order_id from bridge.orders o where o.operation_key = p_key and o.key_free
  union
  select d.order_id from bridge.sources_known() s(source)
  join bridge.delivery d on d.source = s.source and d.delivery_id = p_key
$$;

CREATE FUNCTION bridge.orders_of_text(p_text text) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  address inet;
begin
  if p_text ~ '^[0-9]{1,18}$' then
    return query select o.order_id from bridge.orders o where o.order_id = p_text::bigint;
  end if;
  if p_text ~ '^[0-9a-fA-F.:]{3,45}$' then
    begin
      address := p_text::inet;
      return query select i.id from bridge.orders_of_ip(address) i(id) join bridge.orders o on o.order_id = i.id
                   where o.ip = address or o.new_ip = address;
    exception when invalid_text_representation then
      null;
    end;
  end if;
  return query select bridge.orders_of_key(p_text);
  return query
    select o.order_id from bridge.orders o
    where o.license_id in (
      select l.license_id from bridge.license l where l.service_id = p_text
      union all
      select l.license_id from bridge.license l where l.upstream_license_id = p_text
      union all
      select l.license_id from bridge.account a join bridge.license l on l.account = a.account and l.license_key = p_text);
  return query select o.order_id from bridge.orders o where o.invoice_id = p_text;
  return query select o.order_id from bridge.orders o where o.panel_order_id = p_text;
  return query select o.order_id from bridge.orders o where lower(o.customer_email) = lower(p_text);
  return query select o.order_id from bridge.orders o where lower(o.domain) = lower(p_text);
end
$_$;

CREATE FUNCTION bridge.orders_repeated(p_newest integer) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  first constant bigint := (select max(m.order_id) from bridge.orders m) - p_newest;
begin
  return query select x.order_id from bridge.delivery x where x.order_id > first group by x.order_id having count(*) > 1;
end
$$;

CREATE FUNCTION bridge.orders_rest(p_orders bigint[], p_due bigint[]) RETURNS TABLE(order_id bigint, state text, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select o.order_id, o.state::text, bridge.order_reason(o) from bridge.orders o
  where o.order_id = any (p_orders)
    and (o.state in ('succeeded', 'failed', 'cancelled', 'held', 'needs_review') or o.order_id = any (p_due))
$$;

CREATE FUNCTION bridge.orders_told() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  r record;
begin
  if not exists (select from bridge.source s where s.source = new.source and s.callbacks) then
    return null;
  end if;
  -- A state that the same transaction has left again was nobody's to see.
  select * into r from bridge.order_read(new.order_id, new.source) o where o.state = new.state::text;
  if found then
    perform bridge.callback_add(new.source, 'service:' || new.service_id, new.order_id, 'order.' || r.state,
      json_build_object(
        'order_id', r.order_id::text, 'source', r.source, 'service_id', r.service_id, 'operation_key', r.operation_key,
        'type', r.type, 'state', r.state, 'reason', r.reason, 'attempts', r.attempts, 'credits', r.credits,
        'created_at', r.created_at, 'updated_at', r.updated_at,
        'next_try_at', to_char(r.next_try_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'license', r.license::json));
  end if;
  return null;
end
$$;

CREATE FUNCTION bridge.outcomes_ordinary(p_orders bigint[], p_attempts bigint[], p_epochs bigint[], p_targets text[], p_codes text[], p_reasons text[], p_settle_ms bigint[], p_sent boolean[], p_verdicts text[], p_statuses bigint[], p_curls bigint[], p_elapsed_ms bigint[], p_requests text[], p_answers bytea[], p_upstream_ids text[], p_pauses boolean[], p_expires_ms bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
declare
  ordinary bigint[];
begin
  perform from bridge.orders o where o.order_id = any (p_orders) order by o.order_id for update;
  select array_agg(o.order_id) into ordinary
  from unnest(p_orders, p_attempts, p_epochs, p_targets, p_settle_ms, p_upstream_ids, p_pauses, p_expires_ms)
         as u(id, attempt, epoch, target, settle_ms, upstream_id, pause, expires_ms)
  join bridge.orders o on o.order_id = u.id
  join bridge.line l on l.license_id = o.license_id
  where u.target = 'succeeded' and o.type in ('license.suspend', 'license.unsuspend') and not o.paid
    and (o.state = 'calling') is true -- by their numbers, not by way of all that is
    and o.attempts = u.attempt and l.head_order = o.order_id and l.lease_epoch = u.epoch
    and u.settle_ms = 0 and u.upstream_id is null and not u.pause and u.expires_ms is null;
  if ordinary is null then
    return '{}';
  end if;
  update bridge.attempt a
  set finished_at = now(), sent = u.sent, verdict = u.verdict::bridge.verdict, reason_code = u.code, reason = u.reason,
      http_status = u.status, curl_code = u.curl, elapsed_ms = u.elapsed_ms, request = u.request, answer = u.answer
  from unnest(p_orders, p_attempts, p_codes, p_reasons, p_sent, p_verdicts, p_statuses, p_curls, p_elapsed_ms,
              p_requests, p_answers)
         as u(id, attempt, code, reason, sent, verdict, status, curl, elapsed_ms, request, answer)
  where a.order_id = u.id and a.attempt = u.attempt and u.id = any (ordinary);
  update bridge.license l
  set status = case o.type when 'license.suspend' then 'suspended' else 'active' end::bridge.license_status,
      updated_at = now()
  from bridge.orders o
  where o.order_id = any (ordinary) and l.license_id = o.license_id
    and l.status = case o.type when 'license.suspend' then 'active' else 'suspended' end::bridge.license_status;
  update bridge.orders o
  set state = 'succeeded', reason_code = u.code, reason = u.reason, next_try_at = null, finished_at = now(),
      unsettled = false, credits = o.price, key_free = false, updated_at = now()
  from unnest(p_orders, p_attempts, p_codes, p_reasons) as u(id, attempt, code, reason)
  where o.order_id = u.id and o.attempts = u.attempt and u.id = any (ordinary);
  perform bridge.line_advance(l) from unnest(bridge.lines_ended(ordinary)) l;
  return ordinary;
end
$$;

CREATE FUNCTION bridge.pair_claim(p_account text, p_type text, p_ip inet, p_license bigint, p_order bigint, OUT pair_id bigint, OUT holder bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
begin
  insert into bridge.pair as p (account, upstream_type, ip, license_id)
  values (p_account, p_type, p_ip, p_license)
  on conflict (account, upstream_type, ip) do update set license_id = p.license_id
  returning p.pair_id, p.license_id into pair_id, holder;
  if holder is null and not exists (select from bridge.orders o
                                    where o.waits_pair = pair_claim.pair_id and o.order_id < p_order
                                      and o.license_id <> p_license) then
    update bridge.pair p set license_id = p_license where p.pair_id = pair_claim.pair_id;
    holder := p_license;
  end if;
end
$$;

COMMENT ON FUNCTION bridge.pair_claim(p_account text, p_type text, p_ip inet, p_license bigint, p_order bigint, OUT pair_id bigint, OUT holder bigint) IS 'Takes a free live pair for a license; holder tells who has it (null: free, but others wait longer)';

CREATE FUNCTION bridge.pair_leave(p_account text, p_type text, p_ip inet, p_license bigint) RETURNS void
    LANGUAGE sql
    AS $$
  update bridge.pair set license_id = null, terminated_at = null
  where account = p_account and upstream_type = p_type and ip = p_ip and license_id = p_license
$$;

CREATE FUNCTION bridge.pair_release(p_account text, p_type text, p_ip inet, p_license bigint) RETURNS void
    LANGUAGE sql
    AS $$
  update bridge.pair set license_id = null
  where account = p_account and upstream_type = p_type and ip = p_ip and license_id = p_license
$$;

CREATE FUNCTION bridge.pair_sentence(p_pair bigint) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select format('%s on %s belongs to service %s of %s; waits until it lets go', p.upstream_type, host(p.ip),
                coalesce(l.service_id, '(promised to an earlier order)'), coalesce(l.source, 'the queue'))
  from bridge.pair p left join bridge.license l using (license_id)
  where p.pair_id = p_pair
$$;

CREATE FUNCTION bridge.pairs_wake() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  w record;
  obstacle record;
  o bridge.orders;
  woken int := 0;
begin
  for w in
    select o2.order_id, o2.license_id from bridge.orders o2 join bridge.pair p on p.pair_id = o2.waits_pair
    where o2.waits_pair is not null and (p.license_id is null or p.license_id = o2.license_id)
    order by o2.order_id limit 200
  loop
    perform from bridge.line where license_id = w.license_id for update skip locked;
    continue when not found;
    select * into o from bridge.orders where order_id = w.order_id and waits_pair is not null and state = 'blocked';
    continue when not found;
    perform from bridge.pair where pair_id = o.waits_pair for update skip locked;
    continue when not found; -- the front door is at it, perhaps waiting for another pair that we hold
    obstacle := bridge.order_obstacle(o);
    if obstacle.pair_id is null then
      update bridge.orders set waits_pair = null, updated_at = now() where order_id = w.order_id;
      perform bridge.line_advance(w.license_id);
      woken := woken + 1;
    elsif obstacle.pair_id <> o.waits_pair then
      update bridge.orders
      set waits_pair = obstacle.pair_id, reason = bridge.pair_sentence(obstacle.pair_id), updated_at = now()
      where order_id = w.order_id;
    end if;
  end loop;
  return woken;
end
$$;

CREATE FUNCTION bridge.partitions_ensure() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select bridge.partitions_make(t.name)
  from unnest(array['event', 'attempt', 'order_history', 'refusal']) with ordinality t(name, n) order by t.n
$$;

CREATE FUNCTION bridge.partitions_make(p_parent text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  first date;
begin
  if p_parent is null or p_parent not in ('event', 'attempt', 'order_history', 'refusal') then
    raise exception '% is no history table', p_parent using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(hashtext('bridge.partitions'));
  for first in select generate_series(date_trunc('month', now() at time zone 'UTC'),
                                      date_trunc('month', now() at time zone 'UTC') + interval '2 months',
                                      interval '1 month')::date loop
    if to_regclass(format('bridge.%I', p_parent || '_' || to_char(first, 'YYYYMM'))) is null then
      begin
        execute format('create table bridge.%I partition of bridge.%I for values from (%L) to (%L)',
                       p_parent || '_' || to_char(first, 'YYYYMM'), p_parent,
                       first::timestamp at time zone 'UTC', (first + interval '1 month') at time zone 'UTC');
      exception when check_violation then
        -- The default partition already has rows of that month: they stay there and nothing is lost.
        raise notice 'bridge.%: month % stays in the default partition', p_parent, first;
      end;
    end if;
  end loop;
end
$$;

CREATE FUNCTION bridge.price_learned(o bridge.orders, p_month numeric) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$
  select p.price from bridge.product_price p
  where p.account = o.account and p.upstream_type = o.upstream_type and p.new_type = coalesce(o.new_upstream_type, '')
    and p.billing_months = coalesce(o.billing_months, 0) and p.month_price = p_month
    and p.action = bridge.order_action(o)
$$;

CREATE FUNCTION bridge.price_read(p_account text, p_type text, p_months integer, p_action text) RETURNS TABLE(price text, expected text, visible boolean, learned boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select trim_scale(p.price)::text, trim_scale(coalesce(l.price, p.price * greatest(p_months, 1)))::text, p.visible,
         l.price is not null
  from bridge.product p
  left join bridge.product_price l
    on l.account = p.account and l.upstream_type = p.upstream_type and l.billing_months = p_months
   and l.action = p_action and l.new_type = ''
  where p.account = p_account and p.upstream_type = p_type
$$;

CREATE FUNCTION bridge.probe_begin(p_worker text, p_order bigint, p_lease_ms bigint, p_late_ms bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  -- A statement of its own, so that it sees what whoever held the line before has done.
  if l.lease_owner is not null
     or not exists (select from bridge.orders where order_id = p_order and state = 'in_doubt') then
    return false;
  end if;
  update bridge.line
  set lease_owner = p_worker, lease_epoch = lease_epoch + 1, lease_until = now() + p_lease_ms * interval '1 ms',
      run_at = now() + p_lease_ms * interval '1 ms', probe_until = now() + p_late_ms * interval '1 ms'
  where license_id = l.license_id;
  return true;
end
$$;

CREATE FUNCTION bridge.probe_end(p_worker text, p_order bigint, p_certain boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  update bridge.line ln
  set lease_owner = null, lease_until = null,
      -- An earlier probe that was lost may still act, whatever this one was answered.
      settle_until = case when p_certain then ln.settle_until else greatest(ln.settle_until, ln.probe_until) end,
      probe_until = null,
      run_at = case when exists (select from bridge.orders o where o.order_id = ln.head_order and o.state = 'queued')
                    then greatest(now(), ln.settle_until, case when not p_certain then ln.probe_until end) end
  where ln.license_id = l.license_id and ln.lease_owner = p_worker;
end
$$;

CREATE FUNCTION bridge.probe_give(p_worker text, p_order bigint, p_epoch bigint, p_certain boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  update bridge.line ln
  set lease_owner = null, lease_until = null,
      -- An earlier probe that was lost may still act, whatever this one was answered.
      settle_until = case when p_certain then ln.settle_until else greatest(ln.settle_until, ln.probe_until) end,
      probe_until = null,
      run_at = case when exists (select from bridge.orders o where o.order_id = ln.head_order and o.state = 'queued')
                    then greatest(now(), ln.settle_until, case when not p_certain then ln.probe_until end) end
  where ln.license_id = l.license_id and ln.lease_owner = p_worker and ln.lease_epoch = p_epoch;
end
$$;

CREATE FUNCTION bridge.probe_take(p_worker text, p_order bigint, p_lease_ms bigint, p_late_ms bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  -- A statement of its own, so that it sees what whoever held the line before has done.
  if l.lease_owner is not null
     or not exists (select from bridge.orders o where o.order_id = p_order and (o.state = 'in_doubt' or o.unsettled)
                    and bridge.order_probeable(o)) then
    return null;
  end if;
  update bridge.line
  set lease_owner = p_worker, lease_epoch = lease_epoch + 1, lease_until = now() + p_lease_ms * interval '1 ms',
      run_at = now() + p_lease_ms * interval '1 ms', probe_until = now() + p_late_ms * interval '1 ms'
  where license_id = l.license_id;
  update bridge.orders
  set next_try_at = now() + least(greatest(p_late_ms * interval '1 ms', now() - deadline), interval '1 hour')
  where order_id = p_order and unsettled;
  return l.lease_epoch + 1;
end
$$;

CREATE FUNCTION bridge.product_store(p_account text, text[], text[], text[], boolean[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  with given as (
    select u.t, u.n, u.p::numeric as price, u.v from unnest($2, $3, $4, $5) as u(t, n, p, v)
  ), noted as (
    insert into bridge.product_history (account, upstream_type, price, visible)
    select p_account, g.t, g.price, g.v
    from given g left join bridge.product p on p.account = p_account and p.upstream_type = g.t
    where p.account is null or (p.price, p.visible) is distinct from (g.price, g.v)
  )
  insert into bridge.product as p (account, upstream_type, name, price, visible)
  select p_account, g.t, g.n, g.price, g.v from given g order by g.t
  on conflict (account, upstream_type) do update
  set name = excluded.name, price = excluded.price, visible = excluded.visible, updated_at = now()
$_$;

CREATE FUNCTION bridge.product_sync(p_account text, p_types text[], p_names text[], p_prices text[], p_visible boolean[], p_configured text[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  before bigint;
  after bigint;
begin
  perform from bridge.account where account = p_account for no key update;
  select count(*) into before from bridge.product_history where account = p_account;
  perform bridge.product_store(p_account, p_types, p_names, p_prices, p_visible);
  perform bridge.product_store(p_account, array_agg(u.t), array_agg(p.name), array_agg(p.price::text),
                               array_agg(false))
  from (select upstream_type from bridge.product where account = p_account union select unnest(p_configured)) u(t)
  left join bridge.product p on p.account = p_account and p.upstream_type = u.t
  where u.t <> all (p_types)
  having count(*) > 0;
  select count(*) into after from bridge.product_history where account = p_account;
  return after - before;
end
$$;

CREATE FUNCTION bridge.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception '% of %.% is not allowed: append-only', tg_op, tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end
$$;

CREATE FUNCTION bridge.schema_oldest_program() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select oldest_program from bridge.schema_floor
$$;

CREATE FUNCTION bridge.schema_version() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(max(number), 0) from bridge.schema_migration
$$;

CREATE FUNCTION bridge.service_orders(p_source text, p_service text, p_limit integer) RETURNS TABLE(order_id bigint, source text, service_id text, operation_key text, type text, state text, reason text, next_try_at timestamp with time zone, attempts integer, license text, credits text, created_at text, updated_at text, evidence text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.order_id, r.source, r.service_id, r.operation_key, r.type, r.state, r.reason, r.next_try_at, r.attempts,
         r.license, r.credits, r.created_at, r.updated_at,
         (select coalesce(jsonb_agg(jsonb_build_object(
                   'attempt', a.attempt, 'call', a.call,
                   'at', to_char(a.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                   'sent', a.sent, 'verdict', a.verdict, 'http_status', a.http_status, 'reason', a.reason)
                   order by a.started_at, a.attempt), '[]')::text
          from (select * from bridge.attempt t
                where t.order_id = newest.order_id and t.started_at >= newest.created_at
                order by t.started_at desc, t.attempt desc limit 10) a)
  from (select o.order_id, o.created_at
        from bridge.license l join bridge.orders o using (license_id)
        where l.source = p_source and l.service_id = p_service
        order by o.order_id desc limit p_limit) newest
  cross join lateral bridge.order_read(newest.order_id, p_source) r
  order by r.order_id desc
$$;

CREATE FUNCTION bridge.source_licenses(p_source text, p_after bigint, p_limit integer) RETURNS TABLE(license_id bigint, license text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select l.license_id,
         jsonb_build_object(
           'license_id', l.license_id::text, 'service_id', l.service_id, 'product_code', l.product_code,
           'status', l.status, 'ip', host(l.ip), 'license_key', l.license_key, 'period_end', l.period_end,
           'expires_at', to_char(l.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'created_at', to_char(l.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text
  from bridge.license l
  where l.source = p_source and l.license_id > p_after
  order by l.license_id
  limit p_limit
$$;

CREATE FUNCTION bridge.sources_known() RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $$
  with recursive hop as (
    (select d.source from bridge.delivery d order by d.source limit 1)
    union all
    select (select d.source from bridge.delivery d where d.source > hop.source order by d.source limit 1)
    from hop where hop.source is not null
  )
  select hop.source from hop where hop.source is not null
$$;

CREATE FUNCTION bridge.span_calls(p_from timestamp with time zone, p_until timestamp with time zone) RETURNS TABLE(hour timestamp with time zone, account text, calls bigint, errors bigint, elapsed_ms bigint, durations bigint[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $$
declare
  b constant int[] := bridge.duration_bounds();
begin
  return query
  select date_trunc('hour', t.finished_at, 'UTC'), t.account, count(*),
         count(*) filter (where t.verdict in ('later', 'unsure') or t.late_at is not null),
         coalesce(sum(e.ms), 0)::bigint,
         array[count(*) filter (where e.ms <= b[1]), count(*) filter (where e.ms <= b[2]),
               count(*) filter (where e.ms <= b[3]), count(*) filter (where e.ms <= b[4]),
               count(*) filter (where e.ms <= b[5]), count(*) filter (where e.ms <= b[6]),
               count(*) filter (where e.ms <= b[7]), count(*) filter (where e.ms <= b[8]),
               count(*) filter (where e.ms <= b[9]), count(*) filter (where e.ms <= b[10]), count(e.ms)]
  from bridge.attempt t
  cross join lateral (select case when t.late_at is null then t.elapsed_ms end as ms) e
  where t.finished_at >= p_from and t.finished_at < p_until
  group by 1, 2;
end
$$;

CREATE FUNCTION bridge.span_credits(p_from timestamp with time zone, p_until timestamp with time zone) RETURNS TABLE(hour timestamp with time zone, account text, purchases bigint, spent numeric, topups numeric, adjustments numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $$
begin
  return query
  select date_trunc('hour', e.at, 'UTC'), a.account, count(*) filter (where e.kind = 'purchase'),
         coalesce(sum(e.amount) filter (where e.kind = 'purchase'), 0),
         coalesce(sum(e.amount) filter (where e.kind = 'topup'), 0),
         coalesce(sum(e.amount) filter (where e.kind = 'adjustment'), 0)
  from bridge.account a
  join bridge.ledger e on e.account = a.account and e.at >= p_from and e.at < p_until
  where e.kind <> 'observed'
  group by 1, 2;
end
$$;

CREATE FUNCTION bridge.span_orders(p_from timestamp with time zone, p_until timestamp with time zone, p_after bigint, p_before bigint) RETURNS TABLE(hour timestamp with time zone, accepted bigint, deliveries bigint, succeeded bigint, failed bigint, cancelled bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $$
begin
  return query
  select x.hour, coalesce(sum(x.n) filter (where x.what = 'accepted'), 0)::bigint,
         coalesce(sum(x.n) filter (where x.what = 'delivered'), 0)::bigint,
         coalesce(sum(x.n) filter (where x.what = 'succeeded'), 0)::bigint,
         coalesce(sum(x.n) filter (where x.what = 'failed'), 0)::bigint,
         coalesce(sum(x.n) filter (where x.what = 'cancelled'), 0)::bigint
  from (
    select date_trunc('hour', o.created_at, 'UTC') as hour, 'accepted' as what, count(*) as n from bridge.orders o
    where o.order_id > p_after and o.order_id < p_before and o.created_at >= p_from and o.created_at < p_until group by 1
    union all
    select date_trunc('hour', d.received_at, 'UTC'), 'delivered', count(*) from bridge.delivery d
    where d.received_at >= p_from and d.received_at < p_until group by 1
    union all
    select date_trunc('hour', m.at, 'UTC'), m.to_state::text, count(*) from bridge.order_history m
    where m.at >= p_from and m.at < p_until and m.to_state in ('succeeded', 'failed', 'cancelled') group by 1, 2) x
  group by x.hour;
end
$$;

CREATE FUNCTION bridge.summed_first(p_mark timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
  select date_trunc('hour', least(
    p_mark, (select o.created_at from bridge.orders o order by o.order_id limit 1) - interval '1 hour',
    (select min(t.finished_at) from bridge.attempt t where t.finished_at is not null),
    (select min(l.at) from bridge.account a
     cross join lateral (select e.at from bridge.ledger e where e.account = a.account order by e.at limit 1) l)), 'UTC')
$$;

CREATE FUNCTION bridge.summed_running(p_mark timestamp with time zone, p_running text[]) RETURNS text[]
    LANGUAGE sql
    AS $$
  select coalesce(array_agg(l.virtualtransaction), '{}')
  from pg_catalog.pg_locks l
  join pg_catalog.pg_stat_activity a using (pid)
  where l.locktype = 'virtualxid' and l.mode = 'ExclusiveLock' and l.granted and l.pid <> pg_backend_pid()
    and a.datname = current_database() and (p_running is null or l.virtualtransaction = any (p_running))
    and (p_mark > clock_timestamp() - interval '1 hour'
         or exists (select from pg_catalog.pg_locks x where x.locktype = 'transactionid' and x.mode = 'ExclusiveLock'
                    and x.virtualtransaction = l.virtualtransaction))
$$;

CREATE FUNCTION bridge.sweep_end(p_license bigint, p_epoch bigint, p_code text, p_reason text, p_expires_ms bigint, p_activated_ms bigint, p_every_ms bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform from bridge.line n where n.license_id = p_license for update;
  if not exists (select from bridge.line n where n.license_id = p_license and n.lease_epoch = p_epoch and n.pending = 0) then
    return false;
  end if;
  if p_code not in ('done', 'license_not_valid', 'verification_failed') then
    update bridge.license set sweep_at = now() + p_every_ms / 10 * interval '1 ms' where license_id = p_license;
    return false;
  end if;
  update bridge.license
  set expires_at = coalesce(to_timestamp(p_expires_ms / 1000.0), expires_at),
      activated_at = coalesce(to_timestamp(p_activated_ms / 1000.0), activated_at)
  where license_id = p_license;
  perform bridge.license_checked(p_license, p_code, p_reason);
  return true;
end
$$;

CREATE FUNCTION bridge.sweep_take(p_account text, p_limit integer, p_every_ms bigint, p_endpoint text, p_egress text, p_requests integer, p_per_ms bigint, p_types text[]) RETURNS TABLE(license_id bigint, epoch bigint, license_key text, customer_email text, hwid text, domain text, ip text, verification_type text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  every constant interval := p_every_ms * interval '1 ms';
  due bigint[];
  most int := p_limit;
begin
  if exists (select from bridge.account a where a.account = p_account and a.paused) then
    return;
  end if;
  select array_agg(d.license_id) into due from (
    select l.license_id from bridge.license l
    where l.account = p_account and l.status = 'active' and l.license_key is not null
      and coalesce(l.sweep_at, coalesce(l.bought_at, l.adopted_at) + every) <= now()
      and exists (select from bridge.line n where n.license_id = l.license_id and n.pending = 0)
      and exists (select from bridge.orders o where o.license_id = l.license_id and o.license_key = l.license_key
                  and o.customer_email is not null)
    order by l.sweep_at nulls first limit p_limit for update of l skip locked) d;
  if due is null then
    return;
  end if;
  if p_requests is not null then
    select t.granted into most from bridge.budget_take(p_account, p_endpoint, p_egress, p_requests, p_per_ms, p_types,
                                                       cardinality(due), p_requests / 10 + 1, 0) t;
  end if;
  return query
  with taken as (
    update bridge.license l set sweep_at = now() + every
    where l.license_id = any (due[1:most]) returning l.license_id, l.license_key
  )
  select t.license_id, n.lease_epoch, t.license_key, o.customer_email, o.hwid, o.domain, host(o.ip), o.verification_type
  from taken t join bridge.line n on n.license_id = t.license_id,
  lateral (select f.* from bridge.orders f where f.license_id = t.license_id and f.license_key = t.license_key
           and f.customer_email is not null and f.state = 'succeeded'
           order by (f.type in ('license.create', 'license.unsuspend')) desc, f.order_id desc limit 1) o;
end
$$;

CREATE FUNCTION bridge.taint_lifted(p_account text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update bridge.account a
  set window_state = 'drain', version = version + 1
  from bridge.spending_window w
  where a.account = p_account and w.window_id = a.window_id and a.window_state = 'open' and w.tainted
    and w.balance_open is not null and not a.sandbox and a.alarm is null
    and not exists (select from bridge.orders o where o.account = a.account and o.unsettled);
  if found then
    update bridge.spending_window set state = 'drain'
    where window_id = (select window_id from bridge.account where account = p_account);
  end if;
end
$$;

CREATE FUNCTION bridge.token_check(p_digest bytea) RETURNS TABLE(token_id bigint, name text, scopes text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select t.token_id, t.name, array_to_string(t.scopes, ' ') from bridge.token t
  where t.digest = p_digest and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
$$;

CREATE FUNCTION bridge.token_create(p_actor text, p_name text, p_digest bytea, p_scopes text[], p_expires timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

CREATE FUNCTION bridge.token_revoke(p_actor text, p_token bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update bridge.token set revoked_at = now() where token_id = p_token and revoked_at is null;
  if found then
    perform bridge.operator_note(p_actor, 'token.revoke', null, null, null, jsonb_build_object('token_id', p_token));
  end if;
  return found;
end
$$;

CREATE FUNCTION bridge.tray_probes() RETURNS TABLE(account text, order_id bigint, attempt integer, upstream_type text, ip text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select distinct on (o.account) o.account, o.order_id, o.attempts, coalesce(o.new_upstream_type, o.upstream_type),
         host(o.ip)
  from bridge.orders o join bridge.account a using (account)
  where o.unsettled and not a.paused and coalesce(o.next_try_at, o.updated_at) <= now() and bridge.order_probeable(o)
  order by o.account, o.next_try_at nulls first, o.order_id
$$;

CREATE FUNCTION bridge.utc(p_at timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE FUNCTION bridge.view_read(p_view text, p_limit integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  key text;
  members text;
  items jsonb;
begin
  select v.key into key
  from (values
    ('ack_latency_1h', 'source'), ('activity_hourly', 'hour'), ('awaited_renewals', 'account, upstream_type, billing_months'),
    ('balance_runway', 'account'), ('blocked_licenses', 'oldest, license_id'), ('budgets', 'account, endpoint, egress'),
    ('call_totals', 'account'), ('callbacks_pending', 'source'), ('credits_spent_daily', 'day desc, account'),
    ('duplicate_deliveries', 'order_id desc'), ('failure_reasons_24h', 'orders desc, reason_code'), ('in_doubt', 'order_id'),
    ('ledger_drift', 'window_id desc'), ('licenses_expiring', 'ends_on'), ('licenses_invalid', 'invalid_at desc'),
    ('oldest_waiting', 'order_id'), ('operator_actions', 'action_id desc'), ('orders_by_state', 'state'),
    ('overview_warnings', 'rank, subject'), ('product_costs', 'account, upstream_type'), ('providers', 'account'),
    ('rate_budget', 'account, endpoint, egress'), ('refused_deliveries', 'at desc'), ('renewals_due', 'period_end'),
    ('renewals_overdue', 'ends_on'), ('retry_queue', 'next_try_at, order_id'), ('table_health', '"table"'), ('totals', 'accepted'),
    ('upstream_errors_1h', 'account, calls desc'), ('upstream_latency_1h', 'account, call nulls first'),
    ('upstreams', 'account'), ('waiting_purchases', 'order_id'), ('worker_status', 'worker')) v(name, key)
  where v.name = p_view;
  if key is null then
    return null;
  end if;
  select string_agg(format(
    case when a.atttypid = 'timestamptz'::regtype then 'bridge.utc(%1$I) as %1$I'
         when a.atttypid = 'interval'::regtype then 'round(extract(epoch from %1$I), 3) as %1$I'
         when a.atttypid = 'numeric'::regtype or (a.atttypid = 'bigint'::regtype and a.attname ~ '_(id|order)$')
           then '%1$I::text as %1$I'
         else '%1$I' end, a.attname), ', ' order by a.attnum) into members
  from pg_attribute a where a.attrelid = ('ops.' || p_view)::regclass and a.attnum > 0;
  execute format('select coalesce(jsonb_agg(to_jsonb(x)), ''[]'') from (
                    select %s from (select * from ops.%I order by %s limit $1) v) x', members, p_view, key)
  into items using p_limit;
  return items;
end
$_$;

CREATE TABLE bridge.spending_window (
    window_id bigint NOT NULL,
    account text NOT NULL,
    state text NOT NULL,
    tainted boolean DEFAULT false NOT NULL,
    solo boolean DEFAULT false NOT NULL,
    balance_open numeric(20,6),
    balance_close numeric(20,6),
    confirmed numeric(20,6) DEFAULT 0 NOT NULL,
    begun integer DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT spending_window_state_check CHECK ((state = ANY (ARRAY['open'::text, 'drain'::text, 'shut'::text])))
);

COMMENT ON TABLE bridge.spending_window IS 'A span of paid calls between two balance readings of a quiet account';

COMMENT ON COLUMN bridge.spending_window.tainted IS 'No conclusion is drawn from its balances';

COMMENT ON COLUMN bridge.spending_window.solo IS 'A call whose cost is not learned yet, alone';

COMMENT ON COLUMN bridge.spending_window.confirmed IS 'What its confirmed calls were booked to cost';

CREATE FUNCTION bridge.window_book(a bridge.account, w bridge.spending_window, p_balance numeric, p_learned numeric, p_rise numeric, p_alarm text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  o bridge.orders;
begin
  if p_balance is not null then
    insert into bridge.ledger (account, kind, balance, note)
    values (a.account, 'observed', p_balance, format('window %s settled', w.window_id));
    update bridge.account set balance = p_balance, balance_at = now(), unread_since = null where account = a.account;
  end if;
  if p_learned is not null then
    select * into o from bridge.orders where window_id = w.window_id and state = 'succeeded' order by order_id limit 1;
    if found then
      insert into bridge.product_price as p (account, action, upstream_type, new_type, billing_months, month_price, price)
      -- A create that may have found an old license teaches nothing.
      select o.account, bridge.order_action(o), o.upstream_type, coalesce(o.new_upstream_type, ''),
             coalesce(o.billing_months, 0), c.price, p_learned
      from bridge.product c
      where c.account = o.account and c.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
        and not (o.type = 'license.create' and o.may_be_free)
      on conflict (account, action, upstream_type, new_type, billing_months) do update
      set month_price = excluded.month_price, price = excluded.price, learned_at = now();
      if o.credits is distinct from p_learned then
        insert into bridge.ledger (account, kind, amount, note)
        values (o.account, 'adjustment', p_learned - o.credits,
                format('order %s was booked at %s and cost %s', o.order_id, trim_scale(o.credits), trim_scale(p_learned)));
        update bridge.orders set credits = p_learned, price = p_learned, price_other = p_learned
        where order_id = o.order_id;
      end if;
    end if;
  end if;
  if p_rise > 0 then
    insert into bridge.ledger (account, kind, amount, note)
    values (a.account, 'topup', p_rise, format('seen when window %s was settled', w.window_id));
  end if;
  if p_alarm is not null then
    insert into bridge.operator_action (actor, action, account, reason)
    values ('license-bridge', 'account.alarm', a.account, p_alarm);
  end if;
end
$$;

CREATE FUNCTION bridge.window_close(p_account text, p_window bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update bridge.account set window_state = 'drain', version = version + 1
  where account = p_account and window_id = p_window and window_state = 'open';
  if found then
    update bridge.spending_window set state = 'drain' where window_id = p_window;
  end if;
  return found;
end
$$;

CREATE FUNCTION bridge.window_doubts(p_account text) RETURNS TABLE(version bigint, order_id bigint, attempt integer, price text, price_other text, probe boolean, upstream_type text, ip text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select a.version, o.order_id, o.attempts, o.price::text, o.price_other::text,
         o.type = 'license.create' and not exists (
           select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type and p.ip = o.ip
             and (p.owned_at is not null or p.terminated_at is not null)),
         o.upstream_type, host(o.ip)
  from bridge.account a
  join bridge.orders o on o.account = a.account and o.paid and o.state = 'in_doubt'
  where a.account = p_account
  order by o.order_id
$$;

CREATE FUNCTION bridge.window_expected(p_window bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select trim_scale(sum(case when l.month_price > 0 then o.price * p.price / l.month_price else o.price end))::text
  from bridge.orders o
  join bridge.product p on p.account = o.account and p.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
  left join bridge.product_price l
    on l.account = o.account and l.action = bridge.order_action(o) and l.upstream_type = o.upstream_type
   and l.new_type = coalesce(o.new_upstream_type, '') and l.billing_months = coalesce(o.billing_months, 0)
  where o.window_id = p_window and o.state = 'succeeded'
$$;

CREATE FUNCTION bridge.window_look(p_account text, p_quiet_ms bigint) RETURNS bridge.window_look
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin -- plpgsql keeps the plan; this is asked for more often than anything else
  return (
  select row(a.version, a.window_state, a.window_id, w.tainted, w.solo, w.balance_open::text, w.confirmed::text, w.begun,
             count(o.order_id) filter (where o.state = 'calling'), count(o.order_id) filter (where o.state = 'in_doubt'),
             exists (select from bridge.line l where l.account = a.account and l.head_paid and l.run_at <= now()
                     and l.lease_owner is null),
             a.paused, a.alarm, a.width, extract(epoch from now() - w.opened_at) * 1000,
             greatest(0, extract(epoch from max(o.deadline) filter (where o.state = 'in_doubt') - now()) * 1000
                         + p_quiet_ms),
             extract(epoch from now() - a.unread_since) * 1000, s.price_other::text,
             s.may_be_free)::bridge.window_look
  from bridge.account a
  left join bridge.spending_window w on w.window_id = a.window_id
  left join bridge.orders o on o.account = a.account and o.paid and o.state in ('calling', 'in_doubt')
  left join lateral (select d.price_other, d.may_be_free from bridge.orders d
                     where d.window_id = w.window_id and d.state = 'succeeded' limit 1) s on w.solo and w.state <> 'shut'
  where a.account = p_account
  group by a.account, w.window_id, s.price_other, s.may_be_free);
end
$$;

CREATE FUNCTION bridge.window_missing(a bridge.account, w bridge.spending_window, p_balance numeric) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$
  select m.missing
  from (select w.balance_open - w.confirmed - p_balance
               - coalesce((select sum(o.price) from bridge.orders o
                           where o.account = a.account and o.paid and (o.unsettled or o.state = 'in_doubt')), 0)) m(missing)
  where m.missing > 0
    and (w.opened_at < a.awake_since
         or not exists (select from bridge.worker k where k.seen_at > now() - interval '1 minute'))
$$;

CREATE FUNCTION bridge.window_open(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_width integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  a bridge.account;
  missing numeric;
begin
  a := bridge.account_lock(p_account, p_version);
  if a.account is null or a.window_state <> 'shut' or a.paused
     or exists (select from bridge.orders o where o.account = p_account and o.paid
                and o.state in ('calling', 'in_doubt')) then
    return null;
  end if;
  missing := bridge.balance_expected(p_account) - p_balance;
  if missing > 0 and not p_sandbox then
    perform bridge.account_robbed(p_account, missing);
    return null;
  end if;
  return bridge.window_open_locked(a, p_balance, p_sandbox, p_width);
end
$$;

CREATE FUNCTION bridge.window_open_locked(a bridge.account, p_balance numeric, p_sandbox boolean, p_width integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
  id bigint;
  taint boolean;
begin
  taint := p_balance is null or p_sandbox or a.alarm is not null
           or exists (select from bridge.orders o where o.account = a.account and o.unsettled);
  insert into bridge.spending_window (account, state, tainted, balance_open)
  values (a.account, 'open', taint, p_balance) returning window_id into id;
  update bridge.account
  set version = version + 1, window_state = 'open', window_id = id,
      width = case when taint then 1 else least(width, p_width) end
  where account = a.account;
  return id;
end
$$;

CREATE FUNCTION bridge.window_prices_hold(p_window bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select not exists (
    select from bridge.orders o
    left join bridge.product p on p.account = o.account and p.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
    where o.window_id = p_window and o.state in ('succeeded', 'in_doubt') and o.month_price is distinct from p.price)
$$;

CREATE FUNCTION bridge.window_probed(p_order bigint, p_attempt integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  o bridge.orders;
begin
  perform from bridge.line l
  where l.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  perform from bridge.account a where a.account = (select account from bridge.orders where order_id = p_order)
  for no key update;
  perform from bridge.pair p join bridge.orders d on p.account = d.account and p.upstream_type = d.upstream_type and p.ip = d.ip
  where d.order_id = p_order for update of p;
  select * into o from bridge.orders where order_id = p_order and attempts = p_attempt and paid
    and (state = 'in_doubt' or (state = 'needs_review' and unsettled)) for update;
  if not found or not bridge.order_probeable(o) then
    return false;
  end if;
  perform bridge.account_touched(o, 'succeeded');
  perform bridge.order_end(p_order, 'succeeded', 'probe', 'the answer was lost, but the license is there: it was carried out',
                           o.price, null, false);
  if o.unsettled then
    perform bridge.taint_lifted(o.account);
  end if;
  return true;
end
$$;

CREATE FUNCTION bridge.window_repriced(w bridge.spending_window, p_moved numeric) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if p_moved <> w.confirmed and p_moved = bridge.window_expected(w.window_id)::numeric then
    insert into bridge.ledger (account, kind, amount, note)
    values (w.account, 'adjustment', p_moved - w.confirmed, format('window %s was charged at new prices', w.window_id));
    perform bridge.operator_note('license-bridge', 'account.prices_changed', null, w.account,
      format('window %s cost %s and was booked at %s: the prices have changed', w.window_id, trim_scale(p_moved),
             trim_scale(w.confirmed)));
  end if;
end
$$;

CREATE FUNCTION bridge.window_rise_doubtful(w bridge.spending_window, p_rise numeric) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select bool_or(o.reason_code = 'probe' or exists (
                   select from bridge.attempt t where t.order_id = o.order_id and t.reason_code = 'foreign_answer'))
         and p_rise between min(least(o.price, o.price_other)) and sum(o.price)
  from bridge.orders o where o.window_id = w.window_id and o.state = 'succeeded'
$$;

CREATE FUNCTION bridge.window_settle(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_orders bigint[], p_fates text[], p_costs numeric[], p_evidence boolean, p_sentence text, p_alarm text, p_learned numeric, p_rise numeric, p_next boolean, p_width integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  a bridge.account;
  w bridge.spending_window;
  o bridge.orders;
  missing numeric;
  r record;
begin
  perform from bridge.line l
  where l.license_id in (select d.license_id from bridge.orders d where d.order_id = any (p_orders))
  order by l.license_id for update;
  a := bridge.account_lock(p_account, p_version);
  if a.account is null or a.window_state <> 'drain'
     or exists (select from bridge.orders c where c.account = p_account and c.paid and c.state = 'calling') then
    return false;
  end if;
  select * into w from bridge.spending_window where window_id = a.window_id;
  if not (w.tainted or p_sandbox) then
    missing := bridge.window_missing(a, w, p_balance);
  end if;
  for r in select u.* from unnest(p_orders, p_fates, p_costs) as u(id, fate, cost) loop
    select * into o from bridge.orders where order_id = r.id and state = 'in_doubt' for update;
    perform bridge.doubt_end(o, r.fate, r.cost, p_evidence, p_sentence);
  end loop;
  if p_rise > 0 and bridge.window_rise_doubtful(w, p_rise) then
    p_alarm := 'more credits are left than the orders that count as bought leave: one of them was not charged';
    p_rise := null;
  end if;
  perform bridge.window_book(a, w, p_balance, p_learned, p_rise, p_alarm);
  if cardinality(p_orders) = 0 and not (w.tainted or p_sandbox) and p_alarm is null and p_learned is null
     and coalesce(p_rise, 0) = 0 then
    perform bridge.window_repriced(w, w.balance_open - p_balance);
  end if;
  if missing is not null then
    perform bridge.account_robbed(p_account, missing);
  end if;
  update bridge.spending_window set state = 'shut', balance_close = case when not p_sandbox then p_balance end, closed_at = now()
  where window_id = w.window_id;
  update bridge.account
  set version = version + 1, window_state = 'shut',
      sandbox = case when p_balance is null then sandbox else p_sandbox end,
      alarm = coalesce(alarm, p_alarm), alarm_at = case when p_alarm is null then alarm_at else coalesce(alarm_at, now()) end,
      width = case when cardinality(p_orders) > 0 or w.tainted or p_alarm is not null then 1
                   else least(width * 2, p_width) end
  where account = p_account returning * into a;
  if p_next and p_balance is not null and p_alarm is null and not a.paused then
    perform bridge.window_open_locked(a, p_balance, p_sandbox, p_width);
  end if;
  return true;
end
$$;

CREATE FUNCTION bridge.work_begin(p_worker text, p_order bigint, p_epoch bigint, p_lease_ms bigint, p_month numeric, p_width integer, p_count integer, p_span_ms bigint) RETURNS bridge.begin_result
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  a bridge.account;
  w bridge.spending_window;
  o bridge.orders;
  calling int;
  committed numeric;
  known numeric;
  most numeric;
  odd boolean; -- a create where a license of ours was: it may find that one and cost nothing
  alone boolean;
begin
  update bridge.line
  set lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
  where license_id = (select license_id from bridge.orders where order_id = p_order) and head_order = p_order
    and lease_owner = p_worker and lease_epoch = p_epoch and lease_until > now();
  if not found then
    return row(null::int, 'lost'::text, null::text);
  end if;
  select acc.* into a from bridge.account acc
  where acc.account = (select account from bridge.orders where order_id = p_order) for no key update;
  select * into o from bridge.orders where order_id = p_order and state = 'queued';
  select * into w from bridge.spending_window where window_id = a.window_id;
  select count(*), coalesce(sum(c.price), 0) into calling, committed from bridge.orders c
  where c.account = a.account and c.paid and c.state = 'calling';
  if o.order_id is null or a.paused then
    return row(null::int, 'lost'::text, null::text);
  elsif a.window_state <> 'open' or w.solo or calling >= least(a.width, p_width) then
    return row(null::int, 'wait'::text, null::text);
  end if;
  odd := o.type = 'license.create' and exists (
    select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type and p.ip = o.ip
      and (p.owned_at is not null or p.terminated_at is not null));
  known := bridge.price_learned(o, p_month);
  alone := known is null or odd;
  most := bridge.order_most(o, p_month);
  if most > o.max_credits then
    return row(null::int, 'dear'::text, most::text);
  elsif w.begun >= p_count or w.opened_at + p_span_ms * interval '1 ms' < now()
     or (alone and w.begun > 0 and not w.tainted) then
    update bridge.account set window_state = 'drain', version = version + 1 where account = a.account;
    update bridge.spending_window set state = 'drain' where window_id = w.window_id;
    return row(null::int, 'wait'::text, null::text);
  elsif w.balance_open - w.confirmed - committed < coalesce(known, p_month) then
    -- The next window begins with a fresh reading.
    update bridge.account set window_state = 'drain', version = version + 1 where account = a.account;
    update bridge.spending_window set state = 'drain' where window_id = w.window_id;
    return row(null::int, 'short'::text, (w.balance_open - w.confirmed - committed)::text);
  end if;
  update bridge.orders
  set state = 'calling', attempts = attempts + 1, price = most, price_other = coalesce(known, p_month),
      may_be_free = odd or (o.type = 'license.change_product' and coalesce(known, 0) = 0), month_price = p_month,
      window_id = w.window_id, reason_code = 'calling', reason = null, next_try_at = null, deadline = null,
      updated_at = now()
  where order_id = p_order returning * into o;
  update bridge.spending_window set begun = begun + 1, solo = (alone and not tainted)
  where window_id = w.window_id;
  update bridge.account set version = version + 1 where account = a.account;
  insert into bridge.attempt (order_id, attempt, account, call, worker, epoch, price, balance_before, window_id)
  values (o.order_id, o.attempts, o.account, o.type::text, p_worker, p_epoch, most, w.balance_open, w.window_id);
  return row(o.attempts, 'go'::text, most::text);
end
$$;

CREATE FUNCTION bridge.work_begun(p_worker text, p_heads bigint[], p_epochs bigint[]) RETURNS SETOF bridge.work
    LANGUAGE plpgsql
    AS $$
begin
  return query
  with begun as (
    update bridge.orders o
    set state = 'calling', attempts = o.attempts + 1, reason_code = 'calling', reason = null, next_try_at = null,
        updated_at = now()
    from unnest(p_heads, p_epochs) as leased(head_order, lease_epoch)
    -- "is true": by their numbers, not by way of all that is queued
    where o.order_id = leased.head_order and (o.state = 'queued') is true
    returning o, leased.lease_epoch
  ), kept as (
    insert into bridge.attempt (order_id, attempt, account, call, worker, epoch)
    select (b.o).order_id, (b.o).attempts, (b.o).account, (b.o).type::text, p_worker, b.lease_epoch from begun b
  )
  select w.* from begun b, lateral bridge.work_rows(b.o, b.lease_epoch) w;
end
$$;

CREATE FUNCTION bridge.work_claim(p_worker text, p_accounts text[], p_limit integer, p_lease_ms bigint) RETURNS SETOF bridge.work
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  name text;
  leased record;
begin
  foreach name in array p_accounts loop
    continue when exists (select from bridge.account a where a.account = name and a.paused);
    leased := bridge.lines_leased(p_worker, name, false, p_limit, p_lease_ms);
    continue when leased.heads is null; -- most looks find nothing
    return query select w.* from bridge.work_begun(p_worker, leased.heads, leased.epochs) w;
    p_limit := p_limit - cardinality(leased.heads);
    exit when p_limit <= 0;
  end loop;
end
$$;

CREATE FUNCTION bridge.work_claim_paid(p_worker text, p_account text, p_limit integer, p_lease_ms bigint) RETURNS SETOF bridge.work
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  leased record;
begin
  if not exists (select from bridge.account a where a.account = p_account and a.window_state = 'open'
                 and not a.paused) then
    return;
  end if;
  leased := bridge.lines_leased(p_worker, p_account, true, p_limit, p_lease_ms);
  -- A statement of its own: it sees the heads as they were when their lines were locked.
  return query
  select w.* from unnest(leased.heads, leased.epochs) as h(order_id, epoch)
  join bridge.orders o on o.order_id = h.order_id and (o.state = 'queued') is true, lateral bridge.work_rows(o, h.epoch) w;
end
$$;

CREATE FUNCTION bridge.work_claim_rationed(p_worker text, p_account text, p_limit integer, p_lease_ms bigint, p_egress text, p_types text[], p_endpoints text[], p_requests bigint[], p_per_ms bigint[]) RETURNS SETOF bridge.claimed
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  b bridge.budget;
  spare record;
  most int;
  room int := p_limit;
  taken bigint[];
  lines bigint[] := '{}';
  probes bigint[] := '{}';
  heads bigint[];
  epochs bigint[];
  next_at timestamptz;
  kin bridge.order_type[];
begin
  if exists (select from bridge.account a where a.account = p_account and a.paused)
     or not exists (select from bridge.line l where l.account = p_account and not l.head_paid and l.run_at <= now()
                      and l.lease_owner is null) then
    return; -- most looks find nothing
  end if;
  for i in 1 .. cardinality(p_types) loop
    exit when room <= 0;
    continue when not exists (
      select from bridge.line l where l.account = p_account and l.head_type = p_types[i]::bridge.order_type
        and not l.head_paid and l.run_at <= now() and l.lease_owner is null);
    most := room;
    if p_requests[i] is not null then
      -- Without a lock first: who has to wait asks often.
      select * into b from bridge.budget t
      where t.account = p_account and t.endpoint = p_endpoints[i] and t.egress = p_egress
        and t.requests = p_requests[i] and t.per = p_per_ms[i] * interval '1 ms';
      spare := bridge.budget_free(b, clock_timestamp());
      if b.account is null or spare.free > 0 then
        select array_agg(u.type::bridge.order_type order by u.n) into kin
        from unnest(p_types, p_endpoints) with ordinality as u(type, endpoint, n) where u.endpoint = p_endpoints[i];
        b := bridge.budget_lock(p_account, p_endpoints[i], p_egress, p_requests[i]::int,
                                p_per_ms[i] * interval '1 ms', kin);
        spare := bridge.budget_free(b, clock_timestamp());
      end if;
      if spare.free = 0 then
        next_at := least(next_at, spare.next_at);
        continue;
      end if;
      most := least(room, spare.free);
    end if;
    select array_agg(r.license_id) into taken from (
      select l.license_id from bridge.line l
      where l.account = p_account and l.head_type = p_types[i]::bridge.order_type and not l.head_paid
        and l.run_at <= now() and l.lease_owner is null
      order by l.account, l.head_type, l.run_at limit most for update skip locked) r;
    continue when taken is null;
    if p_requests[i] is not null then
      perform bridge.budget_spend(b, cardinality(taken), clock_timestamp(), p_lease_ms);
      probes := probes || case when b.strikes > 0 then taken end;
    end if;
    lines := lines || taken;
    room := room - cardinality(taken);
  end loop;
  with leased as (
    update bridge.line l
    set lease_owner = p_worker, lease_epoch = l.lease_epoch + 1,
        lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
    where l.license_id = any (lines)
    returning l.head_order, l.lease_epoch
  )
  select array_agg(leased.head_order), array_agg(leased.lease_epoch) into heads, epochs from leased;
  return query
  select null::bigint, w.license_id = any (probes), w::bridge.work from bridge.work_begun(p_worker, heads, epochs) w;
  if next_at is not null then
    return next row(greatest(ceil(extract(epoch from next_at - clock_timestamp()) * 1000), 0)::bigint, false,
                    null::bridge.work)::bridge.claimed;
  end if;
end
$$;

CREATE FUNCTION bridge.work_fence(p_order bigint, p_attempt integer, p_epoch bigint, p_timeout_ms bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update bridge.orders o
  set sent_attempt = p_attempt, deadline = clock_timestamp() + p_timeout_ms * interval '1 ms'
  where o.order_id = p_order and o.state = 'calling' and o.attempts = p_attempt and o.sent_attempt < p_attempt
    and not exists (select from bridge.account a where a.account = o.account and a.paused)
    and exists (select from bridge.line l
                where l.license_id = o.license_id and l.head_order = p_order and l.lease_epoch = p_epoch
                  and l.lease_until > clock_timestamp() + p_timeout_ms * interval '1 ms');
  return found;
end
$$;

CREATE FUNCTION bridge.work_outcome(p_order bigint, p_attempt integer, p_epoch bigint, p_to bridge.order_state, p_code text, p_reason text, p_wait_ms bigint, p_settle_ms bigint, p_doubted boolean, p_key_free boolean, p_sent boolean, p_verdict bridge.verdict, p_status integer, p_curl integer, p_elapsed_ms integer, p_request text, p_answer bytea, p_upstream_id text, p_pause boolean, p_expires_ms bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  o bridge.orders;
  l bridge.line;
  late boolean;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  select * into o from bridge.orders where order_id = p_order for update;
  if o.order_id is null then
    return false;
  end if;
  if o.attempts = p_attempt and p_to = 'succeeded' and o.type = 'license.create'
     and bridge.answer_foreign(o, p_upstream_id) then
    -- Carried out or not: the balance tells.
    p_to := 'in_doubt';
    p_verdict := 'unsure';
    p_doubted := true;
    p_code := 'foreign_answer';
    update bridge.orders set upstream_license_id = p_upstream_id -- whether it counts or not
    where order_id = p_order and state in ('calling', 'in_doubt', 'needs_review');
    p_reason := format('the answer names license %s, which is another order''s: it may not be ours', p_upstream_id);
  end if;
  -- Once.  What a worker tells again changes nothing; what comes after the attempt was given up is kept, but it was lost,
  -- also when the next attempt has begun: it may be the only proof of a second purchase.
  update bridge.attempt
  set finished_at = coalesce(finished_at, now()), late_at = case when finished_at is not null then now() end,
      sent = p_sent, verdict = p_verdict, reason_code = p_code, reason = p_reason, http_status = p_status,
      curl_code = p_curl, elapsed_ms = p_elapsed_ms, request = p_request, answer = p_answer
  where order_id = p_order and attempt = p_attempt and (finished_at is null or reason_code = 'worker_lost');
  late := o.state in ('in_doubt', 'needs_review') and o.doubted and p_verdict = 'done' and p_to = 'succeeded';
  if o.attempts <> p_attempt
     or not late and not (o.state = 'calling' and l.head_order = p_order and l.lease_epoch = p_epoch) then
    return false;
  end if;
  if p_pause then
    perform bridge.account_pause(o.account, p_reason);
  end if;
  if p_expires_ms is not null then
    update bridge.license set expires_at = to_timestamp(p_expires_ms / 1000.0), updated_at = now()
    where license_id = o.license_id;
  end if;
  perform bridge.account_touched(o, p_to);
  update bridge.line
  set lease_owner = null, lease_until = null, run_at = null,
      settle_until = case when p_settle_ms > 0 then now() + p_settle_ms * interval '1 ms' else settle_until end
  where license_id = o.license_id;
  if p_to in ('succeeded', 'failed') then
    perform bridge.order_end(p_order, p_to, p_code, p_reason, case when p_to = 'succeeded' then o.price end,
                             p_upstream_id, p_key_free);
    if o.unsettled then
      perform bridge.taint_lifted(o.account);
    end if;
    return true;
  end if;
  update bridge.orders
  set state = p_to, reason_code = p_code, reason = p_reason, doubted = doubted or p_doubted,
      next_try_at = case when p_to = 'queued' or (p_to = 'held' and p_wait_ms > 0)
                         then now() + p_wait_ms * interval '1 ms' end,
      updated_at = now()
  where order_id = p_order returning * into o;
  if p_to = 'queued' then
    update bridge.line set run_at = o.next_try_at where license_id = o.license_id;
  end if;
  return true;
end
$$;

CREATE FUNCTION bridge.work_outcomes(bigint[], bigint[], bigint[], text[], text[], text[], bigint[], bigint[], boolean[], boolean[], boolean[], text[], bigint[], bigint[], bigint[], text[], bytea[], text[], boolean[], bigint[]) RETURNS TABLE(order_id bigint, applied boolean, state text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  ordinary bigint[];
  r record;
begin
  perform from bridge.line l
  where l.license_id in (select o.license_id from bridge.orders o where o.order_id = any ($1))
  order by l.license_id for update;
  perform from bridge.account a
  where a.account in (select o.account from bridge.orders o where o.order_id = any ($1) and o.paid)
  order by a.account for no key update;
  ordinary := bridge.outcomes_ordinary($1, $2, $3, $4, $5, $6, $8, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20);
  return query select u.id, true, 'succeeded' from unnest(ordinary) u(id);
  if cardinality(ordinary) = cardinality($1) then
    return;
  end if;
  for r in
    select u.* from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                         $20)
      as u(id, attempt, epoch, target, code, reason, wait_ms, settle_ms, doubted, key_free, sent, verdict, status, curl,
           elapsed_ms, request, answer, upstream_id, pause, expires_ms)
    join bridge.orders o on o.order_id = u.id
    where u.id <> all (ordinary)
    order by o.license_id
  loop
    order_id := r.id;
    applied := bridge.work_outcome(r.id, r.attempt::int, r.epoch, r.target::bridge.order_state, r.code, r.reason,
                                   r.wait_ms, r.settle_ms, r.doubted, r.key_free, r.sent, r.verdict::bridge.verdict,
                                   r.status::int, r.curl::int, r.elapsed_ms::int, r.request, r.answer, r.upstream_id,
                                   r.pause, r.expires_ms);
    select o.state::text into state from bridge.orders o where o.order_id = r.id;
    return next;
  end loop;
end
$_$;

CREATE FUNCTION bridge.work_return(p_order bigint, p_epoch bigint, p_to bridge.order_state, p_code text, p_reason text, p_wait_ms bigint, p_price numeric) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  -- An order that has begun after all (its answer was lost) keeps its lease, so that it is taken over.
  if l.head_order is distinct from p_order or l.lease_epoch <> p_epoch or l.lease_owner is null
     or not exists (select from bridge.orders where order_id = p_order and state = 'queued') then
    return false;
  end if;
  update bridge.line
  set lease_owner = null, lease_until = null,
      run_at = case when p_to = 'queued' then now() + p_wait_ms * interval '1 ms' end
  where license_id = l.license_id;
  update bridge.orders
  set state = p_to, reason_code = p_code, reason = p_reason, price = coalesce(p_price, price), updated_at = now(),
      next_try_at = case when p_wait_ms is not null then now() + p_wait_ms * interval '1 ms' end
  where order_id = p_order;
  return true;
end
$$;

CREATE FUNCTION bridge.work_rows(o bridge.orders, p_epoch bigint) RETURNS SETOF bridge.work
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION bridge.work_takeover(p_limit integer, p_accounts text[], p_quiet_ms bigint[]) RETURNS TABLE(order_id bigint, from_worker text, state text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  l bridge.line;
  o bridge.orders;
  target bridge.order_state;
  sentence text;
  look constant text := 'bridge.look_leases';
  since constant timestamptz := bridge.look_from(look);
  taken int := 0;
begin
  for l in
    select * from (
      select * from bridge.line ln
      where ln.lease_owner is not null and ln.run_at >= since and ln.run_at <= now() and ln.lease_until <= now()
      order by ln.run_at limit p_limit for update skip locked) overdue
    order by overdue.account, overdue.run_at -- accounts are locked by name
  loop
    taken := taken + 1;
    select * into o from bridge.orders ord where ord.order_id = l.head_order for update;
    update bridge.line
    set lease_owner = null, lease_until = null, lease_epoch = lease_epoch + 1, run_at = null,
        settle_until = case when o.state = 'calling' and bridge.order_changes(o)
                             and not (o.paid and o.sent_attempt < o.attempts)
          then now() + coalesce((select u.quiet from unnest(p_accounts, p_quiet_ms) as u(account, quiet)
                                 where u.account = o.account), 0) * interval '1 ms'
          else greatest(settle_until, probe_until) end,
        probe_until = null
    where license_id = l.license_id;
    if o.state = 'calling' then
      target := case when o.paid and o.sent_attempt = o.attempts then 'in_doubt' else 'queued' end;
      sentence := case when target = 'in_doubt'
                         then 'the worker was lost after the paid call had been sent: it may have bought'
                       when o.paid then 'the worker was lost before the paid call was sent: nothing was bought'
                       else 'the worker was lost during a call that may be repeated' end;
      update bridge.attempt a
      set finished_at = now(), sent = case when o.paid then o.sent_attempt = o.attempts end,
          verdict = case when o.paid and target = 'queued' then 'later' else 'unsure' end::bridge.verdict,
          reason_code = 'worker_lost', reason = sentence
      where a.order_id = o.order_id and a.attempt = o.attempts and a.finished_at is null;
      update bridge.orders ord
      set state = target, reason_code = 'worker_lost', reason = sentence, updated_at = now(), next_try_at =
            case when target = 'queued' then now() end,
          doubted = doubted or target = 'in_doubt' or (not o.paid and bridge.order_changes(o))
      where ord.order_id = o.order_id;
      perform bridge.account_touched(o, target);
    end if;
    if target = 'queued' or o.state = 'queued' then
      update bridge.line set run_at = now() where license_id = l.license_id;
    end if;
    order_id := o.order_id;
    from_worker := l.lease_owner;
    state := coalesce(target, o.state)::text;
    return next;
    target := null;
  end loop;
  perform bridge.look_ended(look, since, case when taken < p_limit then now() end);
end
$$;

CREATE FUNCTION bridge.worker_gone(p_worker text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  delete from bridge.worker where worker = p_worker
$$;

CREATE FUNCTION bridge.worker_seen(p_worker text, p_version text, p_running integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from bridge.worker w where w.seen_at > now() - interval '1 minute') then
    update bridge.account
    set awake_since = now(), version = version + 1,
        window_state = case window_state when 'open' then 'drain' else window_state end
    where account in (select a.account from bridge.account a order by a.account for no key update);
    update bridge.spending_window w set state = 'drain'
    from bridge.account a where a.window_id = w.window_id and a.window_state = 'drain' and w.state = 'open';
  end if;
  insert into bridge.worker as w (worker, version, running) values (p_worker, p_version, p_running)
  on conflict (worker) do update set seen_at = now(), running = excluded.running, version = excluded.version;
end
$$;

CREATE AGGREGATE bridge.counts_sum(bigint[]) (
    SFUNC = bridge.counts_add,
    STYPE = bigint[]
);

CREATE TABLE bridge.account_total (
    account text NOT NULL,
    calls bigint DEFAULT 0 NOT NULL,
    errors bigint DEFAULT 0 NOT NULL,
    spent numeric(20,6) DEFAULT 0 NOT NULL,
    elapsed_ms bigint DEFAULT 0 NOT NULL,
    durations bigint[] NOT NULL
);

COMMENT ON TABLE bridge.account_total IS 'The calls and the spending of an account since the beginning, as far as they are summed';

COMMENT ON COLUMN bridge.account_total.durations IS 'How many calls took at most as long as each of bridge.duration_bounds(); the last of all that were timed';

CREATE TABLE bridge.attempt (
    order_id bigint NOT NULL,
    attempt integer NOT NULL,
    account text NOT NULL,
    call text NOT NULL,
    worker text NOT NULL,
    epoch bigint NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    sent boolean,
    finished_at timestamp with time zone,
    verdict bridge.verdict,
    reason_code text,
    reason text,
    http_status integer,
    curl_code integer,
    elapsed_ms integer,
    request text,
    answer bytea,
    price numeric(20,6),
    balance_before numeric(20,6),
    window_id bigint,
    late_at timestamp with time zone
)
PARTITION BY RANGE (started_at);

COMMENT ON TABLE bridge.attempt IS 'One upstream call for an order: written before the call, completed after it';

COMMENT ON COLUMN bridge.attempt.late_at IS 'When an answer came after all, although the call had been given up: verdict and answer are its, finished_at is not';

CREATE TABLE bridge.attempt_default (
    order_id bigint NOT NULL,
    attempt integer NOT NULL,
    account text NOT NULL,
    call text NOT NULL,
    worker text NOT NULL,
    epoch bigint NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    sent boolean,
    finished_at timestamp with time zone,
    verdict bridge.verdict,
    reason_code text,
    reason text,
    http_status integer,
    curl_code integer,
    elapsed_ms integer,
    request text,
    answer bytea,
    price numeric(20,6),
    balance_before numeric(20,6),
    window_id bigint,
    late_at timestamp with time zone
);

CREATE TABLE bridge.callback (
    callback_id bigint NOT NULL,
    source text NOT NULL,
    order_id bigint,
    type text NOT NULL,
    payload text NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    last_status integer,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    webhook_id text DEFAULT ('msg_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text)) NOT NULL,
    lane text NOT NULL,
    lease_owner text,
    epoch bigint DEFAULT 0 NOT NULL,
    CONSTRAINT callback_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'dead'::text])))
);

COMMENT ON TABLE bridge.callback IS 'Signed notices to the panels: waiting, sent, or dead letters';

COMMENT ON COLUMN bridge.callback.run_at IS 'When it may be sent, or, while leased, when the lease may be taken over';

COMMENT ON COLUMN bridge.callback.webhook_id IS 'The same for all tries of a notice, so that the receiver knows a repeat';

COMMENT ON COLUMN bridge.callback.lane IS 'Notices of one lane of a source are sent in their order: service:ID or account:NAME';

COMMENT ON COLUMN bridge.callback.epoch IS 'Rises with each lease: the end of an older one counts no more';

ALTER TABLE bridge.callback ALTER COLUMN callback_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bridge.callback_callback_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE bridge.delivery (
    source text NOT NULL,
    delivery_id text NOT NULL,
    digest bytea NOT NULL,
    order_id bigint NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT delivery_digest_check CHECK ((length(digest) = 32))
);

COMMENT ON TABLE bridge.delivery IS 'Every acknowledged delivery and the order it led to, kept for ever so that a repeat changes nothing';

CREATE TABLE bridge.due (
    period_end date NOT NULL,
    account text NOT NULL,
    upstream_type text NOT NULL,
    billing_months integer NOT NULL,
    licenses bigint NOT NULL
);

COMMENT ON TABLE bridge.due IS 'Active licenses by the end of their period, as far as due_change is folded into it';

CREATE TABLE bridge.due_change (
    period_end date NOT NULL,
    account text NOT NULL,
    upstream_type text NOT NULL,
    billing_months integer NOT NULL,
    licenses integer NOT NULL
);

COMMENT ON TABLE bridge.due_change IS 'Licenses that came to or left a row of due since: written by whoever changes a license, with no row to wait for';

CREATE TABLE bridge.event (
    order_id bigint NOT NULL,
    source text NOT NULL,
    delivery_id text NOT NULL,
    address text,
    body bytea NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
)
PARTITION BY RANGE (received_at);

COMMENT ON TABLE bridge.event IS 'The signed bytes of each delivery that made an order';

CREATE TABLE bridge.event_default (
    order_id bigint NOT NULL,
    source text NOT NULL,
    delivery_id text NOT NULL,
    address text,
    body bytea NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE bridge.hour (
    hour timestamp with time zone NOT NULL,
    last_order bigint,
    accepted bigint NOT NULL,
    succeeded bigint NOT NULL,
    failed bigint NOT NULL,
    cancelled bigint NOT NULL,
    deliveries bigint DEFAULT 0 NOT NULL,
    CONSTRAINT hour_summed_anew CHECK ((last_order IS NULL))
);

COMMENT ON TABLE bridge.hour IS 'Orders accepted and finished in an hour, as far as they are summed';

COMMENT ON COLUMN bridge.hour.last_order IS 'Not used any more';

CREATE TABLE bridge.hour_account (
    hour timestamp with time zone NOT NULL,
    account text NOT NULL,
    calls bigint DEFAULT 0 NOT NULL,
    errors bigint DEFAULT 0 NOT NULL,
    purchases bigint DEFAULT 0 NOT NULL,
    spent numeric(20,6) DEFAULT 0 NOT NULL,
    topups numeric(20,6) DEFAULT 0 NOT NULL,
    adjustments numeric(20,6) DEFAULT 0 NOT NULL
);

COMMENT ON TABLE bridge.hour_account IS 'Calls ended and credits moved on an account in an hour, as far as they are summed';

COMMENT ON COLUMN bridge.hour_account.errors IS 'Calls that were answered late, unclearly or not at all';

CREATE TABLE bridge.ledger (
    entry_id bigint NOT NULL,
    account text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    kind text NOT NULL,
    order_id bigint,
    amount numeric(20,6),
    balance numeric(20,6),
    note text,
    CONSTRAINT ledger_check CHECK (((kind = 'purchase'::text) = (order_id IS NOT NULL))),
    CONSTRAINT ledger_check1 CHECK (((kind <> 'observed'::text) OR (balance IS NOT NULL))),
    CONSTRAINT ledger_kind_check CHECK ((kind = ANY (ARRAY['purchase'::text, 'topup'::text, 'adjustment'::text, 'observed'::text])))
);

COMMENT ON TABLE bridge.ledger IS 'Credits: what was bought, topped up, adjusted and seen; append-only';

COMMENT ON COLUMN bridge.ledger.amount IS 'Credits that a purchase or an adjustment took, or that a top-up brought';

ALTER TABLE bridge.ledger ALTER COLUMN entry_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bridge.ledger_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE bridge.license_ip (
    license_id bigint NOT NULL,
    ip inet NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    until timestamp with time zone,
    order_id bigint
);

COMMENT ON TABLE bridge.license_ip IS 'The addresses a license has had';

COMMENT ON COLUMN bridge.license_ip.order_id IS 'The order that brought it there; null: adopted with it';

ALTER TABLE bridge.license ALTER COLUMN license_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bridge.license_license_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE bridge.license_product (
    source text NOT NULL,
    service_id text NOT NULL,
    product_code text NOT NULL,
    license_id bigint NOT NULL
);

COMMENT ON TABLE bridge.license_product IS 'Which license a panel means by (service, product code); a change of product adds a code';

CREATE TABLE bridge.line (
    license_id bigint NOT NULL,
    account text NOT NULL,
    head_order bigint,
    head_paid boolean DEFAULT false NOT NULL,
    pending integer DEFAULT 0 NOT NULL,
    run_at timestamp with time zone,
    lease_owner text,
    lease_until timestamp with time zone,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    last_position bigint DEFAULT 0 NOT NULL,
    max_sequence bigint,
    done_sequence bigint,
    settle_until timestamp with time zone,
    probe_until timestamp with time zone,
    head_type bridge.order_type,
    CONSTRAINT line_check CHECK (((lease_owner IS NULL) = (lease_until IS NULL))),
    CONSTRAINT line_pending_check CHECK ((pending >= 0))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_threshold='1000');

COMMENT ON TABLE bridge.line IS 'The queue of one license: what workers claim.  Small and hot';

COMMENT ON COLUMN bridge.line.account IS 'Where the head is carried out; a product may move to another account';

COMMENT ON COLUMN bridge.line.pending IS 'Unfinished orders in line, parked ones not counted';

COMMENT ON COLUMN bridge.line.run_at IS 'When the head may be claimed, or, while leased, when the lease may be taken over; null: nothing to claim';

COMMENT ON COLUMN bridge.line.settle_until IS 'A doubtful call may still act until then: the next order waits';

COMMENT ON COLUMN bridge.line.probe_until IS 'Likewise the existence probe that is on its way';

COMMENT ON COLUMN bridge.line.head_type IS 'What the head asks for: where calls are rationed, lines are claimed by it';

CREATE TABLE bridge.operator_action (
    action_id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    order_id bigint,
    account text,
    reason text,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);

COMMENT ON TABLE bridge.operator_action IS 'What people did, append-only';

ALTER TABLE bridge.operator_action ALTER COLUMN action_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bridge.operator_action_action_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE bridge.order_history (
    order_id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    from_state bridge.order_state NOT NULL,
    to_state bridge.order_state NOT NULL,
    reason_code text,
    reason text
)
PARTITION BY RANGE (at);

COMMENT ON TABLE bridge.order_history IS 'Every move of every order, written by the trigger that checks it';

CREATE TABLE bridge.order_history_default (
    order_id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    from_state bridge.order_state NOT NULL,
    to_state bridge.order_state NOT NULL,
    reason_code text,
    reason text
);

CREATE TABLE bridge.order_move (
    from_state bridge.order_state NOT NULL,
    to_state bridge.order_state NOT NULL
);

COMMENT ON TABLE bridge.order_move IS 'The moves that exist; the same table stands in order/state.c and a test compares them';

CREATE TABLE bridge.pair (
    pair_id bigint NOT NULL,
    account text NOT NULL,
    upstream_type text NOT NULL,
    ip inet NOT NULL,
    license_id bigint,
    owned_at timestamp with time zone,
    terminated_at timestamp with time zone
);

COMMENT ON TABLE bridge.pair IS 'An (account, type, ip) and the license that holds it; rows stay, so that what we ever owned is known';

COMMENT ON COLUMN bridge.pair.license_id IS 'The holder; null when it has let go';

ALTER TABLE bridge.pair ALTER COLUMN pair_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bridge.pair_pair_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE bridge.product (
    account text NOT NULL,
    upstream_type text NOT NULL,
    name text,
    price numeric(20,6),
    visible boolean DEFAULT true NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT product_price_check CHECK ((price >= (0)::numeric))
);

COMMENT ON TABLE bridge.product IS 'The provider''s catalogue as last read: price of one month';

COMMENT ON COLUMN bridge.product.price IS 'Of one month; null: configured, but never seen in the catalogue';

CREATE TABLE bridge.product_history (
    account text NOT NULL,
    upstream_type text NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    price numeric(20,6),
    visible boolean NOT NULL
);

COMMENT ON TABLE bridge.product_history IS 'A product''s price and visibility each time that they were seen to change';

CREATE TABLE bridge.product_price (
    account text NOT NULL,
    action text NOT NULL,
    upstream_type text NOT NULL,
    new_type text DEFAULT ''::text NOT NULL,
    billing_months integer NOT NULL,
    month_price numeric(20,6) NOT NULL,
    price numeric(20,6) NOT NULL,
    learned_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT product_price_action_check CHECK ((action = ANY (ARRAY['create'::text, 'renew'::text, 'change-core'::text]))),
    CONSTRAINT product_price_billing_months_check CHECK ((billing_months >= 0)),
    CONSTRAINT product_price_month_price_check CHECK ((month_price >= (0)::numeric)),
    CONSTRAINT product_price_price_check CHECK ((price >= (0)::numeric))
);

COMMENT ON TABLE bridge.product_price IS 'What a whole call was seen to cost, learned from a confirmed call alone in its window; counts while the catalogue says month_price';

CREATE TABLE bridge.refusal (
    at timestamp with time zone DEFAULT now() NOT NULL,
    source text,
    address text,
    delivery_id text,
    status integer NOT NULL,
    field text,
    reason text NOT NULL,
    digest bytea,
    suppressed bigint DEFAULT 0 NOT NULL
)
PARTITION BY RANGE (at);

COMMENT ON TABLE bridge.refusal IS 'Deliveries that were refused; bounded per minute, suppressed counts those only counted';

CREATE TABLE bridge.refusal_default (
    at timestamp with time zone DEFAULT now() NOT NULL,
    source text,
    address text,
    delivery_id text,
    status integer NOT NULL,
    field text,
    reason text NOT NULL,
    digest bytea,
    suppressed bigint DEFAULT 0 NOT NULL
);

CREATE TABLE bridge.schema_floor (
    one boolean DEFAULT true NOT NULL,
    oldest_program integer NOT NULL,
    CONSTRAINT schema_floor_one_check CHECK (one)
);

COMMENT ON TABLE bridge.schema_floor IS 'One row: programs built for a schema from this number on can work here';

CREATE TABLE bridge.schema_migration (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE bridge.schema_migration IS 'Migrations applied, with the checksum of their text';

CREATE TABLE bridge.schema_routine (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE bridge.schema_routine IS 'Functions and views as last made, with the checksum of their text';

CREATE TABLE bridge.source (
    source text NOT NULL,
    callbacks boolean NOT NULL,
    accounts text[] NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE bridge.source IS 'The sources as last configured: whether they want notices, and at which accounts they may order';

ALTER TABLE bridge.spending_window ALTER COLUMN window_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bridge.spending_window_window_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE bridge.summed (
    one boolean DEFAULT true NOT NULL,
    until timestamp with time zone,
    last_order bigint DEFAULT 0 NOT NULL,
    mark timestamp with time zone,
    mark_order bigint,
    running text[],
    CONSTRAINT summed_one_check CHECK (one)
);

COMMENT ON TABLE bridge.summed IS 'Its one row: how far the sums of hours go, and how far they go next';

COMMENT ON COLUMN bridge.summed.until IS 'All that happened before it is summed, nothing that happened since; null: nothing yet';

COMMENT ON COLUMN bridge.summed.last_order IS 'The orders up to it were all accepted before until';

COMMENT ON COLUMN bridge.summed.mark IS 'Where the next sum ends, as soon as all transactions that began before it have ended';

COMMENT ON COLUMN bridge.summed.mark_order IS 'The last order id that had been given away by then';

COMMENT ON COLUMN bridge.summed.running IS 'Transactions that may have begun before mark and had not ended when last looked at';

CREATE TABLE bridge.token (
    token_id bigint NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT token_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT token_name_check CHECK ((name <> ''::text)),
    CONSTRAINT token_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'operate'::text, 'settle'::text, 'buy-again'::text]) AND (scopes <> '{}'::text[])))
);

COMMENT ON TABLE bridge.token IS 'Access of operators: the SHA-256 of a 256-bit token, never the token';

ALTER TABLE bridge.token ALTER COLUMN token_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME bridge.token_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE bridge.worker (
    worker text NOT NULL,
    version text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    running integer DEFAULT 0 NOT NULL
);

COMMENT ON TABLE bridge.worker IS 'Workers and when they were last seen';

CREATE VIEW ops.accounts AS
 SELECT a.account,
    a.provider,
    a.paused,
    a.pause_reason,
    trim_scale(a.balance) AS balance,
    a.balance_at,
    a.sandbox,
    a.window_state,
    a.width,
    a.alarm,
    a.alarm_at
   FROM bridge.account a;

COMMENT ON VIEW ops.accounts IS 'Accounts with their last balance';

CREATE VIEW ops.ack_latency_1h AS
 SELECT a.source,
    a.orders,
    a.p50_s,
    a.p95_s,
    a.p99_s,
    a.max_s
   FROM bridge.ack_latencies((now() - '01:00:00'::interval)) a(source, orders, p50_s, p95_s, p99_s, max_s);

COMMENT ON VIEW ops.ack_latency_1h IS 'From the time that an event bears to its being stored, source by source, for the last hour (at most 10,000 orders); a senders queue and clock are in it';

CREATE VIEW ops.activity_hourly AS
 WITH tail AS (
         SELECT GREATEST(s.until, (date_trunc('hour'::text, now(), 'UTC'::text) - '23:00:00'::interval)) AS since,
            s.last_order
           FROM bridge.summed s
          WHERE s.one
        ), counted AS (
         SELECT h.hour,
            h.accepted,
            h.succeeded,
            h.failed,
            h.cancelled,
            0 AS calls,
            0 AS errors,
            0 AS spent,
            h.deliveries
           FROM bridge.hour h
          WHERE (h.hour >= (date_trunc('hour'::text, now(), 'UTC'::text) - '23:00:00'::interval))
        UNION ALL
         SELECT c_1.hour,
            0,
            0,
            0,
            0,
            c_1.calls,
            c_1.errors,
            (c_1.spent + c_1.adjustments),
            0
           FROM bridge.hour_account c_1
          WHERE (c_1.hour >= (date_trunc('hour'::text, now(), 'UTC'::text) - '23:00:00'::interval))
        UNION ALL
         SELECT o.hour,
            o.accepted,
            o.succeeded,
            o.failed,
            o.cancelled,
            0,
            0,
            0,
            o.deliveries
           FROM (tail
             CROSS JOIN LATERAL bridge.span_orders(tail.since, 'infinity'::timestamp with time zone, tail.last_order, '9223372036854775807'::bigint) o(hour, accepted, deliveries, succeeded, failed, cancelled))
        UNION ALL
         SELECT a.hour,
            0,
            0,
            0,
            0,
            a.calls,
            a.errors,
            0,
            0
           FROM (tail
             CROSS JOIN LATERAL bridge.span_calls(tail.since, 'infinity'::timestamp with time zone) a(hour, account, calls, errors, elapsed_ms, durations))
        UNION ALL
         SELECT l.hour,
            0,
            0,
            0,
            0,
            0,
            0,
            (l.spent + l.adjustments),
            0
           FROM (tail
             CROSS JOIN LATERAL bridge.span_credits(tail.since, 'infinity'::timestamp with time zone) l(hour, account, purchases, spent, topups, adjustments))
        )
 SELECT g.hour,
    (COALESCE(sum(c.accepted), (0)::numeric))::bigint AS accepted,
    (COALESCE(sum(c.succeeded), (0)::numeric))::bigint AS succeeded,
    (COALESCE(sum(c.failed), (0)::numeric))::bigint AS failed,
    (COALESCE(sum(c.cancelled), (0)::numeric))::bigint AS cancelled,
    (COALESCE(sum(c.calls), (0)::numeric))::bigint AS calls,
    (COALESCE(sum(c.errors), (0)::numeric))::bigint AS errors,
    trim_scale(COALESCE(sum(c.spent), (0)::numeric)) AS spent,
    (COALESCE(sum(c.deliveries), (0)::numeric))::bigint AS deliveries
   FROM (generate_series((date_trunc('hour'::text, now(), 'UTC'::text) - '23:00:00'::interval), date_trunc('hour'::text, now(), 'UTC'::text), '01:00:00'::interval) g(hour)
     LEFT JOIN counted c USING (hour))
  GROUP BY g.hour;

COMMENT ON VIEW ops.activity_hourly IS 'The last 24 hours, hour by hour: orders, calls that ended, credits, deliveries (repeated ones under an id of their own included)';

CREATE VIEW ops.attempts AS
 SELECT a.order_id,
    a.attempt,
    a.account,
    a.call,
    a.worker,
    a.started_at,
    a.finished_at,
    a.sent,
    (a.verdict)::text AS verdict,
    a.reason_code,
    a.reason,
    a.http_status,
    a.curl_code,
    a.elapsed_ms,
    a.request,
    bridge.answer_text(a.answer) AS answer,
    trim_scale(a.price) AS price,
    trim_scale(a.balance_before) AS balance_before,
    a.late_at
   FROM bridge.attempt a;

COMMENT ON VIEW ops.attempts IS 'Every upstream call made for an order';

CREATE VIEW ops.awaited_renewals AS
 WITH part AS (
         SELECT d.account,
            d.upstream_type,
            d.billing_months,
            d.licenses
           FROM bridge.due d
          WHERE ((d.period_end >= ((now() AT TIME ZONE 'UTC'::text))::date) AND (d.period_end <= (((now() AT TIME ZONE 'UTC'::text))::date + 30)))
        UNION ALL
         SELECT c.account,
            c.upstream_type,
            c.billing_months,
            c.licenses
           FROM bridge.due_change c
          WHERE ((c.period_end >= ((now() AT TIME ZONE 'UTC'::text))::date) AND (c.period_end <= (((now() AT TIME ZONE 'UTC'::text))::date + 30)))
        UNION ALL
         SELECT l.account,
            l.upstream_type,
            COALESCE(l.billing_months, 1) AS "coalesce",
            '-1'::integer
           FROM bridge.license l
          WHERE ((l.license_id = ANY (ARRAY( SELECT o.license_id
                   FROM bridge.orders o
                  WHERE ((o.type = 'license.renew'::bridge.order_type) AND (o.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state])))))) AND (l.provider = '724license'::text) AND (l.status = 'active'::bridge.license_status) AND ((l.period_end >= ((now() AT TIME ZONE 'UTC'::text))::date) AND (l.period_end <= (((now() AT TIME ZONE 'UTC'::text))::date + 30))))
        )
 SELECT k.account,
    k.upstream_type,
    k.billing_months,
    k.licenses,
    trim_scale(COALESCE(s.price, (p.price * (k.billing_months)::numeric))) AS price
   FROM ((( SELECT x.account,
            x.upstream_type,
            x.billing_months,
            (sum(x.licenses))::bigint AS licenses
           FROM part x
          GROUP BY x.account, x.upstream_type, x.billing_months
         HAVING (sum(x.licenses) <> (0)::numeric)) k
     LEFT JOIN bridge.product p ON (((p.account = k.account) AND (p.upstream_type = k.upstream_type))))
     LEFT JOIN bridge.product_price s ON (((s.account = k.account) AND (s.action = 'renew'::text) AND (s.upstream_type = k.upstream_type) AND (s.new_type = ''::text) AND (s.billing_months = k.billing_months) AND (s.month_price = p.price))));

COMMENT ON VIEW ops.awaited_renewals IS 'How many licenses end within 30 days and are not being renewed, by what a renewal of one is expected to take';

CREATE VIEW ops.waiting_purchases AS
 SELECT o.account,
    o.order_id,
    (o.state)::text AS state,
    trim_scale(COALESCE(o.price, l.price, (p.price * (GREATEST(COALESCE(o.billing_months, 1), 1))::numeric))) AS price
   FROM ((bridge.orders o
     LEFT JOIN bridge.product p ON (((p.account = o.account) AND (p.upstream_type = COALESCE(o.new_upstream_type, o.upstream_type)))))
     LEFT JOIN bridge.product_price l ON (((l.account = o.account) AND (l.upstream_type = o.upstream_type) AND (l.new_type = COALESCE(o.new_upstream_type, ''::text)) AND (l.billing_months = COALESCE(o.billing_months, 0)) AND (l.month_price = p.price) AND (l.action =
        CASE o.type
            WHEN 'license.create'::bridge.order_type THEN 'create'::text
            WHEN 'license.renew'::bridge.order_type THEN 'renew'::text
            ELSE 'change-core'::text
        END))))
  WHERE ((o.state = ANY (ARRAY['queued'::bridge.order_state, 'blocked'::bridge.order_state, 'held'::bridge.order_state])) AND o.paid);

COMMENT ON VIEW ops.waiting_purchases IS 'Paid orders that have not begun, and what each is expected to take';

CREATE VIEW ops.balance_runway AS
 SELECT a.account,
    trim_scale(a.balance) AS balance,
    a.balance_at,
    a.sandbox,
    COALESCE(w.orders, (0)::bigint) AS waiting_orders,
    trim_scale(COALESCE(w.credits, (0)::numeric)) AS waiting_credits,
    COALESCE(r.licenses, (0)::bigint) AS renewals_30d,
    trim_scale(COALESCE(r.credits, (0)::numeric)) AS renewals_credits,
    (COALESCE(w.unpriced, (0)::bigint) + COALESCE(r.unpriced, (0)::bigint)) AS unpriced,
    trim_scale(((a.balance - COALESCE(w.credits, (0)::numeric)) - COALESCE(r.credits, (0)::numeric))) AS left_after,
    trim_scale(s.spent) AS spent_30d,
    trim_scale(round((s.spent / s.days), 6)) AS spent_a_day,
        CASE
            WHEN (s.spent > (0)::numeric) THEN round((GREATEST(a.balance, (0)::numeric) / (s.spent / s.days)), 1)
            ELSE NULL::numeric
        END AS days_left
   FROM ((((bridge.account a
     LEFT JOIN ( SELECT p.account,
            count(*) AS orders,
            sum(p.price) AS credits,
            count(*) FILTER (WHERE (p.price IS NULL)) AS unpriced
           FROM ops.waiting_purchases p
          GROUP BY p.account) w USING (account))
     LEFT JOIN ( SELECT d.account,
            (sum(d.licenses))::bigint AS licenses,
            sum((d.price * (d.licenses)::numeric)) AS credits,
            (COALESCE(sum(d.licenses) FILTER (WHERE (d.price IS NULL)), (0)::numeric))::bigint AS unpriced
           FROM ops.awaited_renewals d
          GROUP BY d.account) r USING (account))
     LEFT JOIN ( SELECT x.account,
            sum((x.spent + x.adjustments)) AS spent
           FROM ( SELECT h.account,
                    h.spent,
                    h.adjustments
                   FROM bridge.hour_account h
                  WHERE (h.hour >= (date_trunc('hour'::text, now(), 'UTC'::text) - '719:00:00'::interval))
                UNION ALL
                 SELECT l.account,
                    l.spent,
                    l.adjustments
                   FROM (bridge.summed u
                     CROSS JOIN LATERAL bridge.span_credits(GREATEST(u.until, (date_trunc('hour'::text, now(), 'UTC'::text) - '719:00:00'::interval)), 'infinity'::timestamp with time zone) l(hour, account, purchases, spent, topups, adjustments))
                  WHERE u.one) x
          GROUP BY x.account) t USING (account))
     CROSS JOIN LATERAL ( SELECT COALESCE(t.spent, (0)::numeric) AS spent,
            GREATEST((1)::numeric, LEAST((30)::numeric, (EXTRACT(epoch FROM (now() - ( SELECT min(f.at) AS min
                   FROM bridge.ledger f
                  WHERE (f.account = a.account)))) / (86400)::numeric))) AS days
         OFFSET 0) s)
  WHERE (a.provider = '724license'::text);

COMMENT ON VIEW ops.balance_runway IS 'How long the credits of each account last, and what is known to come';

COMMENT ON COLUMN ops.balance_runway.unpriced IS 'Waiting orders and renewals whose price is not known: not in the sums';

COMMENT ON COLUMN ops.balance_runway.left_after IS 'What remains of the balance after the waiting orders and the renewals';

CREATE VIEW ops.blocked_licenses AS
 SELECT l.license_id,
    l.source,
    l.service_id,
    l.account,
    l.product_code,
    host(l.ip) AS ip,
    b.blocked,
    b.oldest,
    n.head_order,
    (h.state)::text AS head_state,
    h.reason_code,
    bridge.order_reason(h.*) AS reason
   FROM (((( SELECT o.license_id,
            count(*) AS blocked,
            min(o.created_at) AS oldest
           FROM bridge.orders o
          WHERE (o.state = 'blocked'::bridge.order_state)
          GROUP BY o.license_id) b
     JOIN bridge.license l USING (license_id))
     JOIN bridge.line n USING (license_id))
     LEFT JOIN bridge.orders h ON ((h.order_id = n.head_order)));

COMMENT ON VIEW ops.blocked_licenses IS 'Licenses whose orders wait, for what is ahead of them or for an address';

CREATE VIEW ops.budgets AS
 SELECT b.account,
    b.endpoint,
    b.egress,
    b.requests,
    b.per,
    n.free,
    n.next_at,
    b.strikes,
    b.cool_until,
    bridge.budget_waiting(b.*) AS waiting
   FROM bridge.budget b,
    LATERAL bridge.budget_now(b.*) n(free, next_at);

COMMENT ON VIEW ops.budgets IS 'How many calls each rationed endpoint still takes, and how many orders wait for it';

CREATE VIEW ops.call_totals AS
 SELECT c.account,
    format('account="%s"'::text, replace(replace(c.account, '\'::text, '\\'::text), '"'::text, '\"'::text)) AS labels,
    c.calls,
    c.errors,
    c.spent,
    c.elapsed_ms,
    c.bounds_ms,
    c.durations
   FROM bridge.call_sums() c(account, calls, errors, spent, elapsed_ms, bounds_ms, durations);

COMMENT ON VIEW ops.call_totals IS 'Calls ended and credits spent on each account since the beginning';

COMMENT ON COLUMN ops.call_totals.labels IS 'The account as a label of Prometheus';

COMMENT ON COLUMN ops.call_totals.durations IS 'How many calls took at most as long as each of bounds_ms; the last: all that were timed';

CREATE VIEW ops.callbacks AS
 SELECT c.callback_id,
    c.source,
    c.order_id,
    c.type,
    c.state,
    c.attempts,
        CASE
            WHEN (c.state = 'queued'::text) THEN c.run_at
            ELSE NULL::timestamp with time zone
        END AS next_try_at,
    c.last_status,
    c.last_error,
    c.created_at,
    c.finished_at,
    c.webhook_id,
    c.lane,
    c.lease_owner
   FROM bridge.callback c;

COMMENT ON VIEW ops.callbacks IS 'Notices to the panels: waiting, sent, or dead letters (bridgectl callbacks --resend)';

CREATE VIEW ops.callbacks_pending AS
 SELECT c.source,
    count(*) FILTER (WHERE (c.state = 'queued'::text)) AS waiting,
    count(*) FILTER (WHERE ((c.state = 'queued'::text) AND (c.attempts > 0))) AS failing,
    count(*) FILTER (WHERE (c.state = 'dead'::text)) AS dead,
    min(c.created_at) FILTER (WHERE (c.state = 'queued'::text)) AS oldest,
    min(c.run_at) FILTER (WHERE (c.state = 'queued'::text)) AS next_try_at
   FROM bridge.callback c
  WHERE (c.state <> 'sent'::text)
  GROUP BY c.source;

COMMENT ON VIEW ops.callbacks_pending IS 'Per source: notices that wait, of them such as were tried in vain, and dead letters';

CREATE VIEW ops.credits_spent_daily AS
 WITH part AS (
         SELECT h.account,
            h.hour,
            h.purchases,
            h.spent,
            h.topups,
            h.adjustments
           FROM bridge.hour_account h
          WHERE (h.hour >= (date_trunc('day'::text, now(), 'UTC'::text) - '30 days'::interval))
        UNION ALL
         SELECT l.account,
            l.hour,
            l.purchases,
            l.spent,
            l.topups,
            l.adjustments
           FROM (bridge.summed s
             CROSS JOIN LATERAL bridge.span_credits(GREATEST(s.until, (date_trunc('day'::text, now(), 'UTC'::text) - '30 days'::interval)), 'infinity'::timestamp with time zone) l(hour, account, purchases, spent, topups, adjustments))
          WHERE s.one
        )
 SELECT p.account,
    ((p.hour AT TIME ZONE 'UTC'::text))::date AS day,
    (sum(p.purchases))::bigint AS purchases,
    trim_scale(sum(p.spent)) AS spent,
    trim_scale(sum(p.topups)) AS topups,
    trim_scale(sum(p.adjustments)) AS adjustments
   FROM part p
  GROUP BY p.account, (((p.hour AT TIME ZONE 'UTC'::text))::date)
 HAVING ((sum(p.purchases) > (0)::numeric) OR (sum(p.topups) <> (0)::numeric) OR (sum(p.adjustments) <> (0)::numeric));

COMMENT ON VIEW ops.credits_spent_daily IS 'Credits spent on each of the last 31 days (UTC), account by account';

CREATE VIEW ops.customer_licenses AS
 SELECT l.source,
    l.service_id,
    l.license_id,
    l.account,
    l.product_code,
    l.upstream_type,
    (l.status)::text AS status,
    host(l.ip) AS ip,
    l.license_key,
    l.upstream_license_id,
    l.period_end,
    l.expires_at,
    l.bought_at,
    l.adopted_at,
    l.terminated_at,
    o.orders,
    o.unfinished,
    trim_scale(o.credits) AS credits,
    o.last_order
   FROM (bridge.license l
     CROSS JOIN LATERAL ( SELECT count(*) AS orders,
            count(*) FILTER (WHERE (x.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state]))) AS unfinished,
            sum(x.credits) AS credits,
            max(x.order_id) AS last_order
           FROM bridge.orders x
          WHERE (x.license_id = l.license_id)) o);

COMMENT ON VIEW ops.customer_licenses IS 'What each service of a panel has and has cost: ask with where service_id = …';

CREATE VIEW ops.deliveries AS
 SELECT d.source,
    d.delivery_id,
    d.order_id,
    d.received_at
   FROM bridge.delivery d;

COMMENT ON VIEW ops.deliveries IS 'Acknowledged deliveries and the order each led to';

CREATE VIEW ops.duplicate_deliveries AS
 SELECT d.source,
    d.order_id,
    o.service_id,
    (o.type)::text AS type,
    (o.state)::text AS state,
    count(*) AS repeats,
    min(d.received_at) AS first_repeat,
    max(d.received_at) AS last_repeat
   FROM ((bridge.orders_repeated(10000) again(order_id)
     JOIN bridge.orders o ON ((o.order_id = again.order_id)))
     JOIN bridge.delivery d ON (((d.order_id = again.order_id) AND (d.received_at > o.created_at))))
  GROUP BY d.source, d.order_id, o.service_id, o.type, o.state;

COMMENT ON VIEW ops.duplicate_deliveries IS 'Orders among the newest 10,000 that a panel sent again under another webhook-id';

CREATE VIEW ops.failure_reasons_24h AS
 SELECT h.reason_code,
    count(*) AS orders,
    max(h.at) AS last_at,
    (array_agg(h.order_id ORDER BY h.at DESC))[1] AS last_order,
    (array_agg(h.reason ORDER BY h.at DESC))[1] AS reason
   FROM bridge.order_history h
  WHERE ((h.to_state = 'failed'::bridge.order_state) AND (h.at > (now() - '24:00:00'::interval)))
  GROUP BY h.reason_code;

COMMENT ON VIEW ops.failure_reasons_24h IS 'Why orders failed within 24 hours, with the latest of each kind';

CREATE VIEW ops.in_doubt AS
 SELECT o.order_id,
    (o.state)::text AS state,
    o.source,
    o.service_id,
    (o.type)::text AS type,
    o.account,
    o.product_code,
    host(o.ip) AS ip,
    o.attempts,
    o.reason_code,
    o.reason,
    trim_scale(o.price) AS price,
    o.window_id,
    o.unsettled,
    o.deadline,
    (o.deadline + a.quiet) AS settle_at,
    o.created_at,
    o.updated_at
   FROM (bridge.orders o
     JOIN bridge.account a USING (account))
  WHERE ((o.state = ANY (ARRAY['in_doubt'::bridge.order_state, 'needs_review'::bridge.order_state])) AND (o.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state])));

COMMENT ON VIEW ops.in_doubt IS 'Orders of which nobody knows yet whether they were carried out';

CREATE VIEW ops.ledger AS
 SELECT l.entry_id,
    l.account,
    l.at,
    l.kind,
    l.order_id,
    trim_scale(l.amount) AS amount,
    trim_scale(l.balance) AS balance,
    l.note
   FROM bridge.ledger l;

COMMENT ON VIEW ops.ledger IS 'Credits bought, topped up, adjusted and seen';

CREATE VIEW ops.ledger_drift AS
 SELECT w.window_id,
    w.account,
    w.opened_at,
    w.closed_at,
    w.tainted,
    w.solo,
    w.begun,
    trim_scale(w.balance_open) AS balance_open,
    trim_scale(w.balance_close) AS balance_close,
    trim_scale(w.confirmed) AS confirmed,
    trim_scale(((w.balance_open - w.balance_close) - w.confirmed)) AS drift,
    trim_scale(b.bought) AS bought,
    trim_scale(m.topups) AS topups,
    trim_scale(m.adjustments) AS adjustments,
    trim_scale(((((w.balance_open - w.balance_close) - b.bought) - m.adjustments) + m.topups)) AS unexplained
   FROM ((bridge.spending_window w
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(l.amount), (0)::numeric) AS bought
           FROM (bridge.orders o
             JOIN bridge.ledger l ON (((l.order_id = o.order_id) AND (l.kind = 'purchase'::text))))
          WHERE (o.window_id = w.window_id)) b)
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(l.amount) FILTER (WHERE (l.kind = 'topup'::text)), (0)::numeric) AS topups,
            COALESCE(sum(l.amount) FILTER (WHERE (l.kind = 'adjustment'::text)), (0)::numeric) AS adjustments
           FROM bridge.ledger l
          WHERE ((l.account = w.account) AND (l.at > w.opened_at) AND (l.at <= w.closed_at))) m)
  WHERE ((w.state = 'shut'::text) AND (w.balance_open IS NOT NULL) AND (w.balance_close IS NOT NULL));

COMMENT ON VIEW ops.ledger_drift IS 'Settled windows: what the balance moved by, against what was booked';

COMMENT ON COLUMN ops.ledger_drift.drift IS 'What was missing when the window was settled, beyond its confirmed calls';

COMMENT ON COLUMN ops.ledger_drift.unexplained IS 'What is still missing with everything that was found out and booked since';

CREATE VIEW ops.license_addresses AS
 SELECT i.license_id,
    host(i.ip) AS ip,
    i.since,
    i.until,
    i.order_id
   FROM bridge.license_ip i;

COMMENT ON VIEW ops.license_addresses IS 'Every address that a license has or had';

CREATE VIEW ops.licenses AS
 SELECT l.license_id,
    l.source,
    l.service_id,
    l.provider,
    l.account,
    l.product_code,
    l.upstream_type,
    (l.status)::text AS status,
    host(l.ip) AS ip,
    l.license_key,
    l.upstream_license_id,
    l.period_end,
    l.expires_at,
    l.bought_at,
    l.adopted_at,
    l.terminated_at,
    l.created_at,
    l.updated_at,
    n.pending,
    n.head_order,
    n.run_at,
    n.lease_owner,
    n.lease_until,
    l.invalid_at
   FROM (bridge.license l
     JOIN bridge.line n USING (license_id));

COMMENT ON VIEW ops.licenses IS 'Licenses and the state of their lines';

COMMENT ON COLUMN ops.licenses.invalid_at IS 'Since when its provider calls it invalid; null: it does not';

CREATE VIEW ops.licenses_by_ip AS
 SELECT i.ip,
    i.since,
    i.until,
    l.license_id,
    l.source,
    l.service_id,
    l.account,
    l.product_code,
    l.upstream_type,
    (l.status)::text AS status,
    l.upstream_license_id,
    l.period_end,
    l.expires_at
   FROM (bridge.license_ip i
     JOIN bridge.license l USING (license_id))
UNION ALL
 SELECT l.ip,
    l.created_at AS since,
    NULL::timestamp with time zone AS until,
    l.license_id,
    l.source,
    l.service_id,
    l.account,
    l.product_code,
    l.upstream_type,
    (l.status)::text AS status,
    l.upstream_license_id,
    l.period_end,
    l.expires_at
   FROM bridge.license l
  WHERE ((l.ip IS NOT NULL) AND (NOT (EXISTS ( SELECT
           FROM bridge.license_ip i
          WHERE ((i.license_id = l.license_id) AND (i.ip = l.ip))))));

COMMENT ON VIEW ops.licenses_by_ip IS 'Which licenses an address has or had: ask with where ip = (an inet)';

CREATE VIEW ops.licenses_expiring AS
 SELECT l.license_id,
    l.source,
    l.service_id,
    l.account,
    l.product_code,
    l.upstream_type,
    host(l.ip) AS ip,
    l.license_key,
    l.period_end,
    l.expires_at,
    (EXISTS ( SELECT
           FROM bridge.orders o
          WHERE ((o.license_id = l.license_id) AND (o.type = 'license.renew'::bridge.order_type) AND (o.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state]))))) AS renewal_waits,
    l.verified_at,
    l.invalid_at,
    COALESCE(((l.expires_at AT TIME ZONE 'UTC'::text))::date, l.period_end) AS ends_on
   FROM bridge.license l
  WHERE ((l.status = 'active'::bridge.license_status) AND ((COALESCE(((l.expires_at AT TIME ZONE 'UTC'::text))::date, l.period_end) >= ((now() AT TIME ZONE 'UTC'::text))::date) AND (COALESCE(((l.expires_at AT TIME ZONE 'UTC'::text))::date, l.period_end) <= (((now() AT TIME ZONE 'UTC'::text))::date + 7))) AND ((l.expires_at IS NULL) OR ((l.expires_at >= now()) AND (l.expires_at <= (now() + '7 days'::interval)))));

COMMENT ON VIEW ops.licenses_expiring IS 'Active licenses that end within a week, as the provider says (expires_at) or else as the panel did (period_end), and whether a renewal is on its way: read it in the order of ends_on';

CREATE VIEW ops.licenses_invalid AS
 SELECT l.license_id,
    l.source,
    l.service_id,
    l.account,
    l.product_code,
    l.upstream_type,
    (l.status)::text AS status,
    host(l.ip) AS ip,
    l.license_key,
    l.invalid_at,
    l.verified_at,
    l.expires_at
   FROM bridge.license l
  WHERE (l.invalid_at IS NOT NULL);

COMMENT ON VIEW ops.licenses_invalid IS 'Licenses that their provider calls invalid, as was told to the panel (license.invalid), and since when';

CREATE VIEW ops.oldest_waiting AS
 SELECT o.order_id,
    (o.state)::text AS state,
    o.reason_code,
    bridge.order_reason(o.*) AS reason,
    o.source,
    o.service_id,
    (o.type)::text AS type,
    o.account,
    o.product_code,
    host(o.ip) AS ip,
    o.created_at,
        CASE
            WHEN (o.state = 'queued'::bridge.order_state) THEN o.next_try_at
            ELSE NULL::timestamp with time zone
        END AS next_try_at,
    (now() - o.created_at) AS waiting
   FROM ((unnest(ARRAY['queued'::bridge.order_state, 'blocked'::bridge.order_state, 'held'::bridge.order_state, 'calling'::bridge.order_state, 'in_doubt'::bridge.order_state, 'needs_review'::bridge.order_state]) s(state)
     CROSS JOIN LATERAL ( SELECT x.order_id,
            x.license_id,
            x.source,
            x.operation_key,
            x.key_free,
            x.fingerprint,
            x.type,
            x.paid,
            x.provider,
            x.account,
            x.service_id,
            x.product_code,
            x.upstream_type,
            x.new_product_code,
            x.new_upstream_type,
            x.recycled,
            x.ip,
            x.new_ip,
            x.billing_months,
            x.period_end,
            x.license_key,
            x.customer_email,
            x.domain,
            x.hwid,
            x.machine_name,
            x.os_info,
            x.verification_type,
            x.sequence,
            x.order_sequence,
            x."position",
            x.cause,
            x.max_credits,
            x.panel_order_id,
            x.invoice_id,
            x.invoice_item_id,
            x.event_at,
            x.state,
            x.reason_code,
            x.reason,
            x.parked,
            x.waits_pair,
            x.doubted,
            x.attempts,
            x.sent_attempt,
            x.deadline,
            x.next_try_at,
            x.price,
            x.price_other,
            x.month_price,
            x.window_id,
            x.unsettled,
            x.credits,
            x.upstream_license_id,
            x.created_at,
            x.updated_at,
            x.finished_at,
            x.may_be_free
           FROM bridge.orders x
          WHERE ((x.state = s.state) AND (x.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state])))
          ORDER BY x.order_id
         LIMIT 20) w)
     JOIN bridge.orders o ON ((o.order_id = w.order_id)));

COMMENT ON VIEW ops.oldest_waiting IS 'The twenty oldest unfinished orders of each state, and why each waits';

CREATE VIEW ops.operator_actions AS
 SELECT a.action_id,
    a.at,
    a.actor,
    a.action,
    a.order_id,
    a.account,
    a.reason,
    a.detail
   FROM bridge.operator_action a;

COMMENT ON VIEW ops.operator_actions IS 'What people did';

CREATE VIEW ops.order_history AS
 SELECT h.order_id,
    h.at,
    (h.from_state)::text AS from_state,
    (h.to_state)::text AS to_state,
    h.reason_code,
    h.reason
   FROM bridge.order_history h;

COMMENT ON VIEW ops.order_history IS 'Every move of every order';

CREATE VIEW ops.orders AS
 SELECT o.order_id,
    o.source,
    o.service_id,
    o.operation_key,
    (o.type)::text AS type,
    (o.state)::text AS state,
    o.reason_code,
    COALESCE(
        CASE
            WHEN (o.state <> ALL (ARRAY['queued'::bridge.order_state, 'blocked'::bridge.order_state, 'calling'::bridge.order_state])) THEN o.reason
            ELSE NULL::text
        END, bridge.order_reason(o.*)) AS reason,
    o.attempts,
    o.doubted,
    o.provider,
    o.account,
    o.product_code,
    o.upstream_type,
    host(o.ip) AS ip,
    host(o.new_ip) AS new_ip,
    o.billing_months,
    o.period_end,
    o.sequence,
    o.license_id,
    o.upstream_license_id,
    o.panel_order_id,
    o.invoice_id,
    o.invoice_item_id,
    trim_scale(o.price) AS price,
    trim_scale(o.credits) AS credits,
    o.next_try_at AS run_at,
    o.created_at,
    o.updated_at,
    o.finished_at
   FROM bridge.orders o;

COMMENT ON VIEW ops.orders IS 'Every order; one row each';

CREATE VIEW ops.orders_by_state AS
 SELECT (c.state)::text AS state,
    c.orders,
    o.created_at AS oldest
   FROM (( SELECT x.state,
            count(*) AS orders,
            min(x.order_id) AS first
           FROM bridge.orders x
          WHERE (x.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state]))
          GROUP BY x.state) c
     JOIN bridge.orders o ON ((o.order_id = c.first)));

COMMENT ON VIEW ops.orders_by_state IS 'Unfinished orders by state, and since when the first of them waits';

CREATE VIEW ops.overview_warnings AS
 SELECT 1 AS rank,
    'critical'::text AS severity,
    'review'::text AS kind,
    NULL::text AS subject,
    format('%s orders lie in review, the oldest since %s UTC'::text, s.orders, to_char((f.created_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI'::text)) AS text
   FROM (( SELECT count(*) AS orders,
            min(o.order_id) AS first
           FROM bridge.orders o
          WHERE ((o.state = 'needs_review'::bridge.order_state) AND (o.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state])))) s
     JOIN bridge.orders f ON ((f.order_id = s.first)))
UNION ALL
 SELECT 2 AS rank,
    'warning'::text AS severity,
    'in_doubt'::text AS kind,
    NULL::text AS subject,
    format('of %s calls it is not known yet whether they were carried out'::text, count(*)) AS text
   FROM bridge.orders o
  WHERE ((o.state = 'in_doubt'::bridge.order_state) AND (o.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state])))
 HAVING (count(*) > 0)
UNION ALL
 SELECT 3 AS rank,
    'critical'::text AS severity,
    'account_paused'::text AS kind,
    a.account AS subject,
    format('account %s is paused: %s'::text, a.account, a.pause_reason) AS text
   FROM bridge.account a
  WHERE a.paused
UNION ALL
 SELECT 4 AS rank,
    'critical'::text AS severity,
    'account_alarm'::text AS kind,
    a.account AS subject,
    format('account %s: %s'::text, a.account, a.alarm) AS text
   FROM bridge.account a
  WHERE (a.alarm IS NOT NULL)
UNION ALL
 SELECT 5 AS rank,
    'critical'::text AS severity,
    'balance_unread'::text AS kind,
    a.account AS subject,
    format('the balance of %s cannot be read since %s UTC'::text, a.account, to_char((a.unread_since AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI'::text)) AS text
   FROM bridge.account a
  WHERE (a.unread_since < (now() - '00:15:00'::interval))
UNION ALL
 SELECT 6 AS rank,
    w.severity,
    'balance_low'::text AS kind,
    b.account AS subject,
    w.text
   FROM (ops.balance_runway b
     CROSS JOIN LATERAL bridge.balance_warning(b.account, b.left_after, b.days_left) w(severity, text))
UNION ALL
 SELECT 7 AS rank,
    'warning'::text AS severity,
    'sandbox'::text AS kind,
    a.account AS subject,
    format('account %s is a sandbox: nothing is concluded from its balance'::text, a.account) AS text
   FROM bridge.account a
  WHERE a.sandbox
UNION ALL
 SELECT 8 AS rank,
    'critical'::text AS severity,
    'no_worker'::text AS kind,
    NULL::text AS subject,
    'no worker was seen within the last minute: nothing is carried out'::text AS text
  WHERE (NOT (EXISTS ( SELECT
           FROM bridge.worker w
          WHERE (w.seen_at > (now() - '00:01:00'::interval)))))
UNION ALL
 SELECT 9 AS rank,
    'warning'::text AS severity,
    'failures'::text AS kind,
    NULL::text AS subject,
    format('%s orders failed within 24 hours'::text, count(*)) AS text
   FROM bridge.order_history h
  WHERE ((h.to_state = 'failed'::bridge.order_state) AND (h.at > (now() - '24:00:00'::interval)))
 HAVING (count(*) > 0)
UNION ALL
 SELECT 10 AS rank,
    'warning'::text AS severity,
    'oldest_waiting'::text AS kind,
    (w.order_id)::text AS subject,
    format('order %s waits since %s UTC: %s'::text, w.order_id, to_char((w.created_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI'::text), COALESCE(w.reason, w.reason_code, w.state)) AS text
   FROM ( SELECT o.order_id,
            o.state,
            o.reason_code,
            o.reason,
            o.source,
            o.service_id,
            o.type,
            o.account,
            o.product_code,
            o.ip,
            o.created_at,
            o.next_try_at,
            o.waiting
           FROM ops.oldest_waiting o
          ORDER BY o.order_id
         LIMIT 1) w
  WHERE (w.created_at < (now() - '01:00:00'::interval))
UNION ALL
 SELECT 11 AS rank,
    'warning'::text AS severity,
    'callbacks_dead'::text AS kind,
    NULL::text AS subject,
    format('%s notices could not be delivered to the panels'::text, count(*)) AS text
   FROM bridge.callback c
  WHERE (c.state = 'dead'::text)
 HAVING (count(*) > 0)
UNION ALL
 SELECT 12 AS rank,
    'warning'::text AS severity,
    'license_invalid'::text AS kind,
    NULL::text AS subject,
    format('%s licenses are called invalid by their provider'::text, count(*)) AS text
   FROM bridge.license l
  WHERE (l.invalid_at IS NOT NULL)
 HAVING (count(*) > 0);

COMMENT ON VIEW ops.overview_warnings IS 'What a person should look at now, the gravest first';

CREATE VIEW ops.product_costs AS
 SELECT p.account,
    p.upstream_type,
    p.name,
    trim_scale(p.price) AS price,
    p.visible,
    p.updated_at,
    COALESCE(( SELECT jsonb_agg(jsonb_build_object('action', l.action, 'new_type', NULLIF(l.new_type, ''::text), 'billing_months', l.billing_months, 'price', (trim_scale(l.price))::text, 'month_price', (trim_scale(l.month_price))::text, 'learned_at', bridge.utc(l.learned_at)) ORDER BY l.action, l.new_type, l.billing_months) AS jsonb_agg
           FROM bridge.product_price l
          WHERE ((l.account = p.account) AND (l.upstream_type = p.upstream_type))), '[]'::jsonb) AS learned
   FROM bridge.product p;

COMMENT ON VIEW ops.product_costs IS 'The catalogues as last read, with what whole calls were seen to cost';

CREATE VIEW ops.product_history AS
 SELECT h.account,
    h.upstream_type,
    h.seen_at,
    trim_scale(h.price) AS price,
    h.visible
   FROM bridge.product_history h;

COMMENT ON VIEW ops.product_history IS 'Prices and visibility each time that they were seen to change';

CREATE VIEW ops.products AS
 SELECT p.account,
    p.upstream_type,
    p.name,
    trim_scale(p.price) AS price,
    p.visible,
    p.updated_at
   FROM bridge.product p;

COMMENT ON VIEW ops.products IS 'The providers'' catalogues as last read';

CREATE VIEW ops.providers AS
 SELECT a.account,
    a.provider,
    a.catalogue_at,
    a.info_at,
    ((a.info -> 'api'::text) ->> 'version'::text) AS api_version,
    ((a.info -> 'api'::text) ->> 'status'::text) AS api_status,
    ((a.info -> 'system_status'::text) ->> 'overall_status'::text) AS overall_status,
    (((a.info -> 'statistics'::text) ->> 'total_licenses'::text))::bigint AS total_licenses,
    (((a.info -> 'statistics'::text) ->> 'active_licenses'::text))::bigint AS active_licenses,
    (((a.info -> 'statistics'::text) ->> 'total_activations'::text))::bigint AS total_activations,
    (((a.info -> 'statistics'::text) ->> 'online_activations'::text))::bigint AS online_activations
   FROM bridge.account a;

COMMENT ON VIEW ops.providers IS 'What the providers last said of themselves';

CREATE VIEW ops.rate_budget AS
 SELECT b.account,
    b.endpoint,
    b.egress,
    b.requests,
    b.per,
    b.free,
    b.next_at,
    b.waiting,
    b.cool_until
   FROM ops.budgets b;

COMMENT ON VIEW ops.rate_budget IS 'How many calls each rationed endpoint still takes, and how many orders wait for it';

CREATE VIEW ops.refused_deliveries AS
 SELECT r.at,
    r.source,
    r.address,
    r.delivery_id,
    r.status,
    r.field,
    r.reason,
    encode(r.digest, 'hex'::text) AS digest,
    r.suppressed
   FROM bridge.refusal r;

COMMENT ON VIEW ops.refused_deliveries IS 'Deliveries that were refused';

CREATE VIEW ops.renewals_due AS
 SELECT l.account,
    l.license_id,
    l.source,
    l.service_id,
    l.product_code,
    l.upstream_type,
    host(l.ip) AS ip,
    l.period_end,
    COALESCE(l.billing_months, 1) AS billing_months,
    trim_scale(COALESCE(s.price, (p.price * (COALESCE(l.billing_months, 1))::numeric))) AS price
   FROM ((bridge.license l
     LEFT JOIN bridge.product p ON (((p.account = l.account) AND (p.upstream_type = l.upstream_type))))
     LEFT JOIN bridge.product_price s ON (((s.account = l.account) AND (s.action = 'renew'::text) AND (s.upstream_type = l.upstream_type) AND (s.new_type = ''::text) AND (s.billing_months = COALESCE(l.billing_months, 1)) AND (s.month_price = p.price))))
  WHERE ((l.provider = '724license'::text) AND (l.status = 'active'::bridge.license_status) AND ((l.period_end >= ((now() AT TIME ZONE 'UTC'::text))::date) AND (l.period_end <= (((now() AT TIME ZONE 'UTC'::text))::date + 30))) AND (NOT (EXISTS ( SELECT
           FROM bridge.orders o
          WHERE ((o.license_id = l.license_id) AND (o.type = 'license.renew'::bridge.order_type) AND (o.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state])))))));

COMMENT ON VIEW ops.renewals_due IS 'Licenses whose period ends within 30 days, and what their renewal is expected to take';

CREATE VIEW ops.renewals_overdue AS
 SELECT l.license_id,
    l.source,
    l.service_id,
    l.account,
    l.product_code,
    l.upstream_type,
    host(l.ip) AS ip,
    l.period_end,
    (((now() AT TIME ZONE 'UTC'::text))::date - COALESCE(((l.expires_at AT TIME ZONE 'UTC'::text))::date, l.period_end)) AS days,
    (EXISTS ( SELECT
           FROM bridge.orders o
          WHERE ((o.license_id = l.license_id) AND (o.type = 'license.renew'::bridge.order_type) AND (o.state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state]))))) AS renewal_waits,
    l.expires_at,
    l.verified_at,
    COALESCE(((l.expires_at AT TIME ZONE 'UTC'::text))::date, l.period_end) AS ends_on
   FROM bridge.license l
  WHERE ((l.status = 'active'::bridge.license_status) AND (COALESCE(((l.expires_at AT TIME ZONE 'UTC'::text))::date, l.period_end) <= ((now() AT TIME ZONE 'UTC'::text))::date) AND ((l.expires_at < now()) OR ((l.expires_at IS NULL) AND (l.provider = '724license'::text) AND (l.period_end < ((now() AT TIME ZONE 'UTC'::text))::date))));

COMMENT ON VIEW ops.renewals_overdue IS 'Active licenses whose end is over, as the provider says (expires_at) or else as the panel did (period_end), and that were not renewed: read it in the order of ends_on';

CREATE VIEW ops.retry_queue AS
 SELECT o.order_id,
    o.source,
    o.service_id,
    (o.type)::text AS type,
    o.account,
    o.product_code,
    host(o.ip) AS ip,
    o.attempts,
    o.reason_code,
    o.reason,
    o.next_try_at,
    o.created_at
   FROM bridge.orders o
  WHERE ((o.state = 'queued'::bridge.order_state) AND (o.attempts > 0));

COMMENT ON VIEW ops.retry_queue IS 'Orders that were tried and will be tried again, with the time of the next try';

CREATE VIEW ops.review AS
 SELECT o.order_id,
    o.source,
    o.service_id,
    (o.type)::text AS type,
    o.account,
    o.product_code,
    o.upstream_type,
    host(o.ip) AS ip,
    o.billing_months,
    o.reason_code,
    bridge.order_reason(o.*) AS reason,
    o.unsettled,
    o.attempts,
    ( SELECT max(h.at) AS max
           FROM bridge.order_history h
          WHERE ((h.order_id = o.order_id) AND (h.to_state = 'needs_review'::bridge.order_state))) AS waiting_since,
    o.deadline,
    (o.deadline + a.quiet) AS settle_at,
    trim_scale(o.price) AS price,
    trim_scale(o.price_other) AS price_other,
    o.window_id,
    w.state AS window_state,
    w.tainted,
    w.solo,
    w.opened_at AS window_opened_at,
    w.closed_at AS window_closed_at,
    trim_scale(w.balance_open) AS balance_open,
    trim_scale(w.balance_close) AS balance_close,
    trim_scale(w.confirmed) AS confirmed,
    trim_scale(((w.balance_open - w.balance_close) - w.confirmed)) AS missing,
    d.doubts,
    trim_scale(d.doubts_price) AS doubts_price
   FROM (((bridge.orders o
     JOIN bridge.account a USING (account))
     LEFT JOIN bridge.spending_window w ON ((w.window_id = o.window_id)))
     CROSS JOIN LATERAL ( SELECT count(*) AS doubts,
            sum(d_1.price) AS doubts_price
           FROM bridge.orders d_1
          WHERE ((d_1.window_id = o.window_id) AND d_1.doubted)) d)
  WHERE (o.state = 'needs_review'::bridge.order_state);

COMMENT ON VIEW ops.review IS 'The tray: what a person has to settle, since when, from when on, and what the balance says';

COMMENT ON COLUMN ops.review.settle_at IS 'Before that a late effect may still come; null: at once';

COMMENT ON COLUMN ops.review.missing IS 'What went from the balance beyond the confirmed calls of the window';

COMMENT ON COLUMN ops.review.doubts_price IS 'What the doubtful calls of the window would have cost together';

CREATE VIEW ops.table_health AS
 SELECT s.relname AS "table",
    s.n_live_tup AS live_rows,
    s.n_dead_tup AS dead_rows,
    round(((100.0 * (s.n_dead_tup)::numeric) / (NULLIF((s.n_live_tup + s.n_dead_tup), 0))::numeric), 1) AS dead_percent,
    pg_total_relation_size((s.relid)::regclass) AS bytes,
    s.last_autovacuum,
    s.last_vacuum,
    s.last_autoanalyze,
    s.n_ins_since_vacuum AS inserted_since_vacuum,
    age(c.relfrozenxid) AS xid_age
   FROM (pg_stat_all_tables s
     JOIN pg_class c ON ((c.oid = s.relid)))
  WHERE (s.schemaname = 'bridge'::name);

COMMENT ON VIEW ops.table_health IS 'Size, dead rows and last clean-up of each table';

CREATE VIEW ops.tokens AS
 SELECT t.token_id,
    t.name,
    t.scopes,
    t.created_at,
    t.expires_at,
    t.revoked_at
   FROM bridge.token t;

COMMENT ON VIEW ops.tokens IS 'Operators'' tokens, without the tokens';

CREATE VIEW ops.totals AS
 SELECT (sum(x.accepted))::bigint AS accepted,
    (sum(x.succeeded))::bigint AS succeeded,
    (sum(x.failed))::bigint AS failed,
    (sum(x.cancelled))::bigint AS cancelled,
    (sum(x.deliveries))::bigint AS deliveries
   FROM ( SELECT COALESCE(sum(h.accepted), (0)::numeric) AS accepted,
            COALESCE(sum(h.succeeded), (0)::numeric) AS succeeded,
            COALESCE(sum(h.failed), (0)::numeric) AS failed,
            COALESCE(sum(h.cancelled), (0)::numeric) AS cancelled,
            COALESCE(sum(h.deliveries), (0)::numeric) AS deliveries
           FROM bridge.hour h
        UNION ALL
         SELECT o.accepted,
            o.succeeded,
            o.failed,
            o.cancelled,
            o.deliveries
           FROM (bridge.summed s
             CROSS JOIN LATERAL bridge.span_orders(COALESCE(s.until, '-infinity'::timestamp with time zone), 'infinity'::timestamp with time zone, s.last_order, '9223372036854775807'::bigint) o(hour, accepted, deliveries, succeeded, failed, cancelled))
          WHERE s.one) x;

COMMENT ON VIEW ops.totals IS 'Deliveries acknowledged, orders accepted and finished since the beginning';

CREATE VIEW ops.upstream_errors_1h AS
 SELECT a.account,
    a.call,
    (a.verdict)::text AS verdict,
    a.reason_code,
    a.http_status,
    a.curl_code,
    count(*) AS calls,
    max(a.started_at) AS last_at,
    (array_agg(a.order_id ORDER BY a.started_at DESC))[1] AS last_order
   FROM bridge.attempt a
  WHERE ((a.finished_at > (now() - '01:00:00'::interval)) AND (a.verdict = ANY (ARRAY['later'::bridge.verdict, 'unsure'::bridge.verdict, 'refused'::bridge.verdict])))
  GROUP BY a.account, a.call, a.verdict, a.reason_code, a.http_status, a.curl_code;

COMMENT ON VIEW ops.upstream_errors_1h IS 'Calls ended within the last hour that did not do what they were to do';

CREATE VIEW ops.upstream_latency_1h AS
 SELECT a.account,
    a.call,
    count(*) AS calls,
    percentile_disc((0.5)::double precision) WITHIN GROUP (ORDER BY a.elapsed_ms) AS p50_ms,
    percentile_disc((0.95)::double precision) WITHIN GROUP (ORDER BY a.elapsed_ms) AS p95_ms,
    percentile_disc((0.99)::double precision) WITHIN GROUP (ORDER BY a.elapsed_ms) AS p99_ms,
    max(a.elapsed_ms) AS max_ms
   FROM bridge.attempt a
  WHERE ((a.finished_at > (now() - '01:00:00'::interval)) AND (a.elapsed_ms IS NOT NULL))
  GROUP BY GROUPING SETS ((a.account, a.call), (a.account));

COMMENT ON VIEW ops.upstream_latency_1h IS 'How long the calls took that ended within the last hour, for each account (call null) and call';

CREATE VIEW ops.upstreams AS
 SELECT a.account,
    a.provider,
    a.paused,
    a.pause_reason,
    trim_scale(a.balance) AS balance,
    a.balance_at,
    a.sandbox,
    a.alarm,
    a.alarm_at,
    a.unread_since,
    a.window_state,
    a.width,
    (w.waiting_orders)::integer AS waiting_orders,
    w.waiting_credits,
    (w.renewals_30d)::integer AS renewals_30d,
    w.renewals_credits,
    w.left_after,
    trim_scale(COALESCE(d.spent, (0)::numeric)) AS spent_today,
    w.spent_a_day,
    w.days_left,
    (COALESCE(l.calls, (0)::bigint))::integer AS calls_1h,
    (COALESCE(l.errors, (0)::bigint))::integer AS errors_1h,
    l.ms[1] AS p50_ms,
    l.ms[2] AS p95_ms,
    l.ms[3] AS p99_ms,
    COALESCE(g.budgets, '[]'::jsonb) AS budgets
   FROM ((((bridge.account a
     LEFT JOIN ops.balance_runway w USING (account))
     LEFT JOIN ( SELECT x.account,
            sum((x.spent + x.adjustments)) AS spent
           FROM ( SELECT h.account,
                    h.spent,
                    h.adjustments
                   FROM bridge.hour_account h
                  WHERE (h.hour >= date_trunc('day'::text, now(), 'UTC'::text))
                UNION ALL
                 SELECT c.account,
                    c.spent,
                    c.adjustments
                   FROM (bridge.summed u
                     CROSS JOIN LATERAL bridge.span_credits(GREATEST(u.until, date_trunc('day'::text, now(), 'UTC'::text)), 'infinity'::timestamp with time zone) c(hour, account, purchases, spent, topups, adjustments))
                  WHERE u.one) x
          GROUP BY x.account) d USING (account))
     LEFT JOIN ( SELECT b.account,
            jsonb_agg(jsonb_build_object('endpoint', b.endpoint, 'egress', b.egress, 'requests', b.requests, 'per_s', (EXTRACT(epoch FROM b.per))::integer, 'left', b.free, 'full_at', bridge.utc(b.next_at), 'waiting', b.waiting) ORDER BY b.endpoint, b.egress) AS budgets
           FROM ops.rate_budget b
          GROUP BY b.account) g USING (account))
     LEFT JOIN ( SELECT ((t.account COLLATE "C") COLLATE "default") AS account,
            count(t.elapsed_ms) AS calls,
            count(*) FILTER (WHERE (t.verdict = ANY (ARRAY['later'::bridge.verdict, 'unsure'::bridge.verdict]))) AS errors,
            percentile_disc((ARRAY[0.5, 0.95, 0.99])::double precision[]) WITHIN GROUP (ORDER BY t.elapsed_ms) AS ms
           FROM bridge.attempt t
          WHERE (t.finished_at > (now() - '01:00:00'::interval))
          GROUP BY (t.account COLLATE "C")) l USING (account));

COMMENT ON VIEW ops.upstreams IS 'Each account with its money and the health of its provider';

CREATE VIEW ops.worker_status AS
 SELECT w.worker,
    w.version,
    w.started_at,
    w.seen_at,
    w.running,
    (now() - w.seen_at) AS silent,
    (w.seen_at > (now() - '00:01:00'::interval)) AS alive
   FROM bridge.worker w;

COMMENT ON VIEW ops.worker_status IS 'Workers, and whether they were seen within the last minute';

CREATE VIEW ops.workers AS
 SELECT w.worker,
    w.version,
    w.started_at,
    w.seen_at,
    w.running
   FROM bridge.worker w;

COMMENT ON VIEW ops.workers IS 'Workers and when they were last seen';

ALTER TABLE ONLY bridge.attempt ATTACH PARTITION bridge.attempt_default DEFAULT;

ALTER TABLE ONLY bridge.event ATTACH PARTITION bridge.event_default DEFAULT;

ALTER TABLE ONLY bridge.order_history ATTACH PARTITION bridge.order_history_default DEFAULT;

ALTER TABLE ONLY bridge.refusal ATTACH PARTITION bridge.refusal_default DEFAULT;

ALTER TABLE ONLY bridge.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (account);

ALTER TABLE ONLY bridge.account_total
    ADD CONSTRAINT account_total_pkey PRIMARY KEY (account);

ALTER TABLE ONLY bridge.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (order_id, attempt, started_at);

ALTER TABLE ONLY bridge.attempt_default
    ADD CONSTRAINT attempt_default_pkey PRIMARY KEY (order_id, attempt, started_at);

ALTER TABLE ONLY bridge.budget
    ADD CONSTRAINT budget_pkey PRIMARY KEY (account, endpoint, egress);

ALTER TABLE ONLY bridge.callback
    ADD CONSTRAINT callback_pkey PRIMARY KEY (callback_id);

ALTER TABLE ONLY bridge.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (source, delivery_id);

ALTER TABLE ONLY bridge.due
    ADD CONSTRAINT due_pkey PRIMARY KEY (period_end, account, upstream_type, billing_months);

ALTER TABLE ONLY bridge.hour_account
    ADD CONSTRAINT hour_account_pkey PRIMARY KEY (account, hour);

ALTER TABLE ONLY bridge.hour
    ADD CONSTRAINT hour_pkey PRIMARY KEY (hour);

ALTER TABLE ONLY bridge.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (entry_id);

ALTER TABLE ONLY bridge.license
    ADD CONSTRAINT license_pkey PRIMARY KEY (license_id);

ALTER TABLE ONLY bridge.license_product
    ADD CONSTRAINT license_product_pkey PRIMARY KEY (source, service_id, product_code);

ALTER TABLE ONLY bridge.line
    ADD CONSTRAINT line_pkey PRIMARY KEY (license_id);

ALTER TABLE ONLY bridge.operator_action
    ADD CONSTRAINT operator_action_pkey PRIMARY KEY (action_id);

ALTER TABLE ONLY bridge.order_move
    ADD CONSTRAINT order_move_pkey PRIMARY KEY (from_state, to_state);

ALTER TABLE ONLY bridge.orders
    ADD CONSTRAINT orders_license_id_position_key UNIQUE (license_id, "position");

ALTER TABLE ONLY bridge.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (order_id);

ALTER TABLE ONLY bridge.pair
    ADD CONSTRAINT pair_ip_account_upstream_type_key UNIQUE (ip, account, upstream_type);

ALTER TABLE ONLY bridge.pair
    ADD CONSTRAINT pair_pkey PRIMARY KEY (pair_id);

ALTER TABLE ONLY bridge.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (account, upstream_type);

ALTER TABLE ONLY bridge.product_price
    ADD CONSTRAINT product_price_pkey PRIMARY KEY (account, action, upstream_type, new_type, billing_months);

ALTER TABLE ONLY bridge.schema_floor
    ADD CONSTRAINT schema_floor_pkey PRIMARY KEY (one);

ALTER TABLE ONLY bridge.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (number);

ALTER TABLE ONLY bridge.schema_routine
    ADD CONSTRAINT schema_routine_pkey PRIMARY KEY (name);

ALTER TABLE ONLY bridge.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (source);

ALTER TABLE ONLY bridge.spending_window
    ADD CONSTRAINT spending_window_pkey PRIMARY KEY (window_id);

ALTER TABLE ONLY bridge.summed
    ADD CONSTRAINT summed_pkey PRIMARY KEY (one);

ALTER TABLE ONLY bridge.token
    ADD CONSTRAINT token_digest_key UNIQUE (digest);

ALTER TABLE ONLY bridge.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (token_id);

ALTER TABLE ONLY bridge.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (worker);

CREATE INDEX attempt_finished ON ONLY bridge.attempt USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE INDEX attempt_default_finished_at_idx ON bridge.attempt_default USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE INDEX attempt_open ON ONLY bridge.attempt USING btree (order_id, attempt) WHERE (finished_at IS NULL);

CREATE INDEX attempt_default_order_id_attempt_idx ON bridge.attempt_default USING btree (order_id, attempt) WHERE (finished_at IS NULL);

CREATE INDEX callback_lane ON bridge.callback USING btree (source, lane, callback_id) WHERE (state = 'queued'::text);

CREATE INDEX callback_open ON bridge.callback USING btree (source, state) WHERE (state <> 'sent'::text);

CREATE INDEX callback_order ON bridge.callback USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX callback_ripe ON bridge.callback USING btree (source, run_at) WHERE (state = 'queued'::text);

CREATE INDEX callback_sent ON bridge.callback USING btree (finished_at) WHERE (state = 'sent'::text);

CREATE INDEX delivery_order ON bridge.delivery USING btree (order_id);

CREATE INDEX delivery_time ON bridge.delivery USING brin (received_at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX event_order ON ONLY bridge.event USING btree (order_id);

CREATE INDEX event_default_order_id_idx ON bridge.event_default USING btree (order_id);

CREATE INDEX hour_account_hour ON bridge.hour_account USING btree (hour);

CREATE INDEX ledger_account ON bridge.ledger USING btree (account, entry_id);

CREATE INDEX ledger_account_at ON bridge.ledger USING btree (account, at) INCLUDE (kind, amount);

CREATE UNIQUE INDEX ledger_purchase ON bridge.ledger USING btree (order_id) WHERE (kind = 'purchase'::text);

CREATE INDEX license_due ON bridge.license USING btree (period_end) WHERE (status = 'active'::bridge.license_status);

CREATE INDEX license_ends ON bridge.license USING btree (COALESCE(((expires_at AT TIME ZONE 'UTC'::text))::date, period_end)) WHERE (status = 'active'::bridge.license_status);

CREATE INDEX license_invalid ON bridge.license USING btree (invalid_at) WHERE (invalid_at IS NOT NULL);

CREATE INDEX license_ip_ip ON bridge.license_ip USING btree (ip);

CREATE INDEX license_ip_license ON bridge.license_ip USING btree (license_id, since);

CREATE INDEX license_ip_now ON bridge.license USING btree (ip) WHERE (ip IS NOT NULL);

CREATE INDEX license_key_known ON bridge.license USING btree (account, license_key) WHERE (license_key IS NOT NULL);

CREATE INDEX license_service_source ON bridge.license USING btree (service_id, source);

CREATE INDEX license_sweep ON bridge.license USING btree (account, sweep_at) WHERE ((status = 'active'::bridge.license_status) AND (license_key IS NOT NULL));

CREATE INDEX license_upstream ON bridge.license USING btree (account, upstream_license_id) WHERE (upstream_license_id IS NOT NULL);

CREATE INDEX license_upstream_id ON bridge.license USING btree (upstream_license_id) WHERE (upstream_license_id IS NOT NULL);

CREATE INDEX line_leased ON bridge.line USING btree (run_at) WHERE (lease_owner IS NOT NULL);

CREATE INDEX line_ripe ON bridge.line USING btree (account, head_paid, run_at) WHERE (run_at IS NOT NULL);

CREATE INDEX line_ripe_type ON bridge.line USING btree (account, head_type, run_at) WHERE ((run_at IS NOT NULL) AND (NOT head_paid));

CREATE INDEX operator_action_order ON bridge.operator_action USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX order_history_time ON ONLY bridge.order_history USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX order_history_default_at_idx ON bridge.order_history_default USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX order_history_failed ON ONLY bridge.order_history USING btree (at) WHERE (to_state = 'failed'::bridge.order_state);

CREATE INDEX order_history_default_at_idx1 ON bridge.order_history_default USING btree (at) WHERE (to_state = 'failed'::bridge.order_state);

CREATE INDEX order_history_order ON ONLY bridge.order_history USING btree (order_id, at);

CREATE INDEX order_history_default_order_id_at_idx ON bridge.order_history_default USING btree (order_id, at);

CREATE INDEX orders_domain ON bridge.orders USING btree (lower(domain)) WHERE (domain IS NOT NULL);

CREATE INDEX orders_email ON bridge.orders USING btree (lower(customer_email)) WHERE (customer_email IS NOT NULL);

CREATE INDEX orders_ended_badly ON bridge.orders USING btree (state, order_id) INCLUDE (source, account, type, product_code) WHERE (state = ANY (ARRAY['failed'::bridge.order_state, 'cancelled'::bridge.order_state]));

CREATE INDEX orders_freed_key ON bridge.orders USING btree (operation_key) WHERE key_free;

CREATE INDEX orders_invoice ON bridge.orders USING btree (invoice_id) WHERE (invoice_id IS NOT NULL);

CREATE UNIQUE INDEX orders_key ON bridge.orders USING btree (source, operation_key) WHERE (NOT key_free);

CREATE INDEX orders_line ON bridge.orders USING btree (license_id, order_sequence, "position") WHERE (state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state]));

CREATE INDEX orders_odd_ip ON bridge.orders USING btree (ip) WHERE ((ip IS NOT NULL) AND ((state = ANY (ARRAY['failed'::bridge.order_state, 'cancelled'::bridge.order_state])) OR (provider = 'lisanszone'::text)));

CREATE INDEX orders_odd_new_ip ON bridge.orders USING btree (new_ip) WHERE ((new_ip IS NOT NULL) AND (state = ANY (ARRAY['failed'::bridge.order_state, 'cancelled'::bridge.order_state])));

CREATE INDEX orders_panel_order ON bridge.orders USING btree (panel_order_id) WHERE (panel_order_id IS NOT NULL);

CREATE INDEX orders_paused ON bridge.orders USING btree (account) WHERE ((state = 'held'::bridge.order_state) AND (reason_code = ANY (ARRAY['account_paused'::text, 'account_denied'::text])));

CREATE INDEX orders_renewals ON bridge.orders USING btree (license_id, period_end) WHERE ((type = 'license.renew'::bridge.order_type) AND (period_end IS NOT NULL));

CREATE INDEX orders_spending ON bridge.orders USING btree (account) WHERE (paid AND (state = ANY (ARRAY['calling'::bridge.order_state, 'in_doubt'::bridge.order_state])));

CREATE INDEX orders_state ON bridge.orders USING btree (state, order_id) WHERE (state <> ALL (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state]));

CREATE INDEX orders_unsettled ON bridge.orders USING btree (account) WHERE unsettled;

CREATE INDEX orders_waits ON bridge.orders USING btree (waits_pair) WHERE (waits_pair IS NOT NULL);

CREATE INDEX orders_window ON bridge.orders USING btree (window_id) WHERE (window_id IS NOT NULL);

CREATE INDEX pair_holder ON bridge.pair USING btree (license_id) WHERE (license_id IS NOT NULL);

CREATE INDEX product_history_product ON bridge.product_history USING btree (account, upstream_type, seen_at);

CREATE INDEX refusal_at ON ONLY bridge.refusal USING btree (at);

CREATE INDEX refusal_default_at_idx ON bridge.refusal_default USING btree (at);

CREATE INDEX spending_window_account ON bridge.spending_window USING btree (account, window_id);

ALTER INDEX bridge.attempt_finished ATTACH PARTITION bridge.attempt_default_finished_at_idx;

ALTER INDEX bridge.attempt_open ATTACH PARTITION bridge.attempt_default_order_id_attempt_idx;

ALTER INDEX bridge.attempt_pkey ATTACH PARTITION bridge.attempt_default_pkey;

ALTER INDEX bridge.event_order ATTACH PARTITION bridge.event_default_order_id_idx;

ALTER INDEX bridge.order_history_time ATTACH PARTITION bridge.order_history_default_at_idx;

ALTER INDEX bridge.order_history_failed ATTACH PARTITION bridge.order_history_default_at_idx1;

ALTER INDEX bridge.order_history_order ATTACH PARTITION bridge.order_history_default_order_id_at_idx;

ALTER INDEX bridge.refusal_at ATTACH PARTITION bridge.refusal_default_at_idx;

CREATE TRIGGER balance_watch BEFORE UPDATE OF balance, low_balance ON bridge.account FOR EACH ROW WHEN (((new.balance IS NOT NULL) AND ((old.balance IS DISTINCT FROM new.balance) OR (old.low_balance IS DISTINCT FROM new.low_balance)))) EXECUTE FUNCTION bridge.balance_watch();

CREATE TRIGGER delivery_kept BEFORE TRUNCATE ON bridge.delivery FOR EACH STATEMENT EXECUTE FUNCTION bridge.refuse_change();

CREATE TRIGGER ledger_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON bridge.ledger FOR EACH STATEMENT EXECUTE FUNCTION bridge.refuse_change();

CREATE TRIGGER license_due AFTER UPDATE ON bridge.license FOR EACH ROW WHEN ((((old.status = 'active'::bridge.license_status) OR (new.status = 'active'::bridge.license_status)) AND (('724license'::text = old.provider) OR ('724license'::text = new.provider)) AND (((((old.status IS DISTINCT FROM new.status) OR (old.period_end IS DISTINCT FROM new.period_end)) OR (old.account IS DISTINCT FROM new.account)) OR (old.upstream_type IS DISTINCT FROM new.upstream_type)) OR (old.billing_months IS DISTINCT FROM new.billing_months)))) EXECUTE FUNCTION bridge.license_due();

CREATE TRIGGER license_due_first AFTER INSERT ON bridge.license FOR EACH ROW WHEN (((new.status = 'active'::bridge.license_status) AND (new.provider = '724license'::text))) EXECUTE FUNCTION bridge.license_due();

CREATE TRIGGER operator_action_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON bridge.operator_action FOR EACH STATEMENT EXECUTE FUNCTION bridge.refuse_change();

CREATE TRIGGER orders_begin BEFORE INSERT ON bridge.orders FOR EACH ROW WHEN ((new.state <> ALL (ARRAY['queued'::bridge.order_state, 'blocked'::bridge.order_state, 'held'::bridge.order_state]))) EXECUTE FUNCTION bridge.orders_begin();

CREATE TRIGGER orders_fixed BEFORE UPDATE ON bridge.orders FOR EACH ROW WHEN (((((((((((((old.order_id IS DISTINCT FROM new.order_id) OR (old.license_id IS DISTINCT FROM new.license_id)) OR (old.source IS DISTINCT FROM new.source)) OR (old.operation_key IS DISTINCT FROM new.operation_key)) OR (old.fingerprint IS DISTINCT FROM new.fingerprint)) OR (old.type IS DISTINCT FROM new.type)) OR (old.paid IS DISTINCT FROM new.paid)) OR (old.account IS DISTINCT FROM new.account)) OR (old.upstream_type IS DISTINCT FROM new.upstream_type)) OR (old.ip IS DISTINCT FROM new.ip)) OR (old.new_ip IS DISTINCT FROM new.new_ip)) OR (old.billing_months IS DISTINCT FROM new.billing_months))) EXECUTE FUNCTION bridge.orders_fixed();

CREATE TRIGGER orders_kept BEFORE DELETE OR TRUNCATE ON bridge.orders FOR EACH STATEMENT EXECUTE FUNCTION bridge.refuse_change();

CREATE CONSTRAINT TRIGGER orders_moved AFTER UPDATE ON bridge.orders NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION bridge.orders_moved();

CREATE CONSTRAINT TRIGGER orders_told AFTER UPDATE ON bridge.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.state IS DISTINCT FROM new.state) AND (new.state = ANY (ARRAY['succeeded'::bridge.order_state, 'failed'::bridge.order_state, 'cancelled'::bridge.order_state, 'held'::bridge.order_state, 'needs_review'::bridge.order_state])))) EXECUTE FUNCTION bridge.orders_told();

CREATE CONSTRAINT TRIGGER orders_told_first AFTER INSERT ON bridge.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.state = 'held'::bridge.order_state)) EXECUTE FUNCTION bridge.orders_told();

ALTER TABLE ONLY bridge.account_total
    ADD CONSTRAINT account_total_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.budget
    ADD CONSTRAINT budget_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.hour_account
    ADD CONSTRAINT hour_account_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.hour_account
    ADD CONSTRAINT hour_account_hour_fkey FOREIGN KEY (hour) REFERENCES bridge.hour(hour);

ALTER TABLE ONLY bridge.ledger
    ADD CONSTRAINT ledger_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.license
    ADD CONSTRAINT license_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.license_ip
    ADD CONSTRAINT license_ip_license_id_fkey FOREIGN KEY (license_id) REFERENCES bridge.license(license_id);

ALTER TABLE ONLY bridge.license_product
    ADD CONSTRAINT license_product_license_id_fkey FOREIGN KEY (license_id) REFERENCES bridge.license(license_id);

ALTER TABLE ONLY bridge.line
    ADD CONSTRAINT line_license_id_fkey FOREIGN KEY (license_id) REFERENCES bridge.license(license_id);

ALTER TABLE ONLY bridge.orders
    ADD CONSTRAINT orders_license_id_fkey FOREIGN KEY (license_id) REFERENCES bridge.license(license_id);

ALTER TABLE ONLY bridge.orders
    ADD CONSTRAINT orders_waits_pair_fkey FOREIGN KEY (waits_pair) REFERENCES bridge.pair(pair_id);

ALTER TABLE ONLY bridge.pair
    ADD CONSTRAINT pair_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.pair
    ADD CONSTRAINT pair_license_id_fkey FOREIGN KEY (license_id) REFERENCES bridge.license(license_id);

ALTER TABLE ONLY bridge.product
    ADD CONSTRAINT product_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.product_history
    ADD CONSTRAINT product_history_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.product_price
    ADD CONSTRAINT product_price_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

ALTER TABLE ONLY bridge.spending_window
    ADD CONSTRAINT spending_window_account_fkey FOREIGN KEY (account) REFERENCES bridge.account(account);

GRANT USAGE ON SCHEMA bridge TO bridge_intake;
GRANT USAGE ON SCHEMA bridge TO bridge_worker;
GRANT USAGE ON SCHEMA bridge TO bridge_ops;
GRANT USAGE ON SCHEMA bridge TO bridge_operator;

GRANT USAGE ON SCHEMA ops TO bridge_ops;
GRANT USAGE ON SCHEMA ops TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.account_doubts(p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.account_doubts(p_account text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.account_ensure(text[], text[], bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.account_ensure(text[], text[], bigint[]) TO bridge_intake;
GRANT ALL ON FUNCTION bridge.account_ensure(text[], text[], bigint[]) TO bridge_worker;
GRANT ALL ON FUNCTION bridge.account_ensure(text[], text[], bigint[]) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.account_lock(p_account text, p_version bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.account_pause(p_account text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.account_pause(p_account text, p_reason text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.account_robbed(p_account text, p_missing numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.account_sweep() FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.account_sweep() TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.account_touched(o bridge.orders, p_to bridge.order_state) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.accounts_short() FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.accounts_short() TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.ack_latencies(p_since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.ack_latencies(p_since timestamp with time zone) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.adopt_check(r bridge.adopt_row, OUT id bigint, OUT same boolean, OUT field text, OUT problem text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.adopt_difference(r bridge.adopt_row, l bridge.license, OUT field text, OUT problem text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.adopt_one(r bridge.adopt_row, p_id bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.answer_foreign(o bridge.orders, p_upstream_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.answer_text(p_answer bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.answer_text(p_answer bytea) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.balance_expected(p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.balance_expected(p_account text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.balance_store(p_account text, p_balance numeric, p_sandbox boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.balance_store(p_account text, p_balance numeric, p_sandbox boolean) TO bridge_worker;
GRANT ALL ON FUNCTION bridge.balance_store(p_account text, p_balance numeric, p_sandbox boolean) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.balance_unread(p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.balance_unread(p_account text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.balance_unreadable(p_account text, p_gap_ms bigint, p_limit_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.balance_unreadable(p_account text, p_gap_ms bigint, p_limit_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.balance_warning(p_account text, p_left_after numeric, p_days_left numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.balance_warning(p_account text, p_left_after numeric, p_days_left numeric) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.balance_watch() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.budget_cool(p_account text, p_endpoint text, p_egress text, p_retry_after_ms bigint, p_elapsed_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.budget_cool(p_account text, p_endpoint text, p_egress text, p_retry_after_ms bigint, p_elapsed_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.budget_ease(p_account text, p_endpoint text, p_egress text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.budget_ease(p_account text, p_endpoint text, p_egress text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.budget_free(b bridge.budget, p_at timestamp with time zone, OUT free integer, OUT next_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.budget_life(b bridge.budget) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.budget_lock(p_account text, p_endpoint text, p_egress text, p_requests integer, p_per interval, p_types bridge.order_type[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.budget_now(b bridge.budget, OUT free integer, OUT next_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.budget_now(b bridge.budget, OUT free integer, OUT next_at timestamp with time zone) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.budget_spend(b bridge.budget, p_calls integer, p_at timestamp with time zone, p_probe_ms bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.budget_take(p_account text, p_endpoint text, p_egress text, p_requests integer, p_per_ms bigint, p_types text[], p_want integer, p_reserve integer, p_probe_ms bigint, OUT granted integer, OUT probe boolean, OUT wait_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.budget_take(p_account text, p_endpoint text, p_egress text, p_requests integer, p_per_ms bigint, p_types text[], p_want integer, p_reserve integer, p_probe_ms bigint, OUT granted integer, OUT probe boolean, OUT wait_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.budget_turn(o bridge.orders, OUT at timestamp with time zone, OUT place bigint, OUT budget bridge.budget) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.budget_waiting(b bridge.budget) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.budget_waiting(b bridge.budget) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.call_sums() FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.call_sums() TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.callback_add(p_source text, p_lane text, p_order bigint, p_type text, p_data json) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.callback_ended(p_callback bigint, p_epoch bigint, p_sent boolean, p_status integer, p_error text, p_wait_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.callback_ended(p_callback bigint, p_epoch bigint, p_sent boolean, p_status integer, p_error text, p_wait_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.callback_wake(p_source text, p_lane text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.callbacks_claim(p_worker text, p_sources text[], p_rooms bigint[], p_most integer, p_lease_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.callbacks_claim(p_worker text, p_sources text[], p_rooms bigint[], p_most integer, p_lease_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.callbacks_configure(text[], boolean[], text[], text[], text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.callbacks_configure(text[], boolean[], text[], text[], text[]) TO bridge_intake;
GRANT ALL ON FUNCTION bridge.callbacks_configure(text[], boolean[], text[], text[], text[]) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.callbacks_prune(p_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.callbacks_prune(p_days integer) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.catalogue_take(p_account text, p_every_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.catalogue_take(p_account text, p_every_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.counts_add(a bigint[], b bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.creates_waiting(p_license bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.deliveries_find(p_source text, p_order bigint, p_key text, p_before bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.deliveries_find(p_source text, p_order bigint, p_key text, p_before bigint, p_limit integer) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.doubt_end(o bridge.orders, p_fate text, p_cost numeric, p_evidence boolean, p_sentence text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.doubt_foreign(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.due_fold() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.duration_bounds() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.event_shown(p_body bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.guards_release(p_products text[], p_limits text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.guards_release(p_products text[], p_limits text[]) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.history_months(p_keep integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.history_months(p_keep integer) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.history_prune(p_actor text, p_keep integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.history_prune(p_actor text, p_keep integer) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.history_prune_kept(p_keep integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.history_prune_kept(p_keep integer) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.hold_end(p_order bigint, p_license bigint, p_codes text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.holds_release(p_account text, p_codes text[], p_balance numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.holds_release(p_account text, p_codes text[], p_balance numeric) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.hours_add(p_from timestamp with time zone, p_until timestamp with time zone, p_after bigint, p_before bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.hours_sum(p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.hours_sum(p_most integer) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.info_store(p_account text, p_info text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.info_store(p_account text, p_info text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.intake_accept(text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[], bigint[], text[], text[], text[], text[], text[], bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.intake_accept(text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[], bigint[], text[], text[], text[], text[], text[], bigint[]) TO bridge_intake;

REVOKE ALL ON FUNCTION bridge.intake_accept_one(r bridge.intake_row) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_batch(text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[], bigint[], text[], text[], text[], text[], text[], bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_each(text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[], bigint[], text[], text[], text[], text[], text[], bigint[], integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_license(r bridge.intake_row) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_licenses(p_fresh integer[], p_license bigint[], p_orders bigint[], p_source text[], p_type text[], p_service_id text[], p_provider text[], p_account text[], p_product_code text[], p_upstream_type text[], p_paid boolean[], p_ip text[], p_license_key text[], p_sequence bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_lines(p_next integer[], p_license bigint[], p_orders bigint[], p_type text[], p_account text[], p_paid boolean[], p_sequence bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_order(p_idx integer, p_outcome text, p_order bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_orders(p_places integer[], p_license bigint[], p_orders bigint[], p_position bigint[], p_order_sequence bigint[], p_head bigint[], p_source text[], p_delivery_id text[], p_digest bytea[], p_body bytea[], p_address text[], p_type text[], p_operation_key text[], p_fingerprint bytea[], p_service_id text[], p_provider text[], p_account text[], p_product_code text[], p_upstream_type text[], p_new_product_code text[], p_new_upstream_type text[], p_recycled text[], p_paid boolean[], p_ip text[], p_new_ip text[], p_billing_months bigint[], p_period_end text[], p_license_key text[], p_customer_email text[], p_domain text[], p_hwid text[], p_machine_name text[], p_os_info text[], p_verification_type text[], p_sequence bigint[], p_cause text[], p_max_credits text[], p_panel_order_id text[], p_invoice_id text[], p_invoice_item_id text[], p_event_ms bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_refusal(r bridge.intake_row) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_refuse(text, text, text, integer, text, text, bytea, bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.intake_refuse(text, text, text, integer, text, text, bytea, bigint) TO bridge_intake;

REVOKE ALL ON FUNCTION bridge.intake_refused(p_idx integer, p_field text, p_text text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_sort(p_locked bigint[], p_source text[], p_delivery_id text[], p_digest bytea[], p_type text[], p_operation_key text[], p_service_id text[], p_provider text[], p_account text[], p_product_code text[], p_upstream_type text[], p_ip text[], p_period_end text[], p_sequence bigint[], OUT known integer[], OUT conflict integer[], OUT fresh integer[], OUT next integer[], OUT others integer[], OUT license bigint[], OUT orders bigint[], OUT "position" bigint[], OUT order_sequence bigint[], OUT head bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.intake_store(r bridge.intake_row, p_license bigint, p_order bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.json_masked(p jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.license_activated(p_order bigint, p_activated_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.license_activated(p_order bigint, p_activated_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.license_checked(p_license bigint, p_code text, p_reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.license_due() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.license_invalid(p_license bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.license_invalid(p_license bigint, p_reason text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.license_ip_set(o bridge.orders, p_type text, p_ip inet) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.license_json(l bridge.license) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.license_terminated(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.license_valid(p_license bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.license_valid(p_license bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.licenses_find(p_source text, p_service text, p_ip inet, p_account text, p_product text, p_status text, p_key text, p_text text, p_before bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.licenses_find(p_source text, p_service text, p_ip inet, p_account text, p_product text, p_status text, p_key text, p_text text, p_before bigint, p_limit integer) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.line_advance(p_license bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.line_fail_successors(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.line_waiting(p_license bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.lines_ended(p_orders bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.lines_leased(p_worker text, p_account text, p_paid boolean, p_limit integer, p_lease_ms bigint, OUT heads bigint[], OUT epochs bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.look_ended(p_look text, p_from timestamp with time zone, p_reached timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.look_from(p_look text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.operator_acknowledge(p_actor text, p_account text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_acknowledge(p_actor text, p_account text, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_adjust(p_actor text, p_account text, p_amount numeric, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_adjust(p_actor text, p_account text, p_amount numeric, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_adopt(p_actor text, p_dry boolean, text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_adopt(p_actor text, p_dry boolean, text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[]) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_book(p_actor text, p_account text, p_kind text, p_amount numeric, p_reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.operator_bulk(p_actor text, p_action text, p_orders bigint[], p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_bulk(p_actor text, p_action text, p_orders bigint[], p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_callback_resend(p_actor text, p_callback bigint, p_source text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_callback_resend(p_actor text, p_callback bigint, p_source text, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_cancel(p_actor text, p_order bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_cancel(p_actor text, p_order bigint, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_forget(p_actor text, p_source text, p_service text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_forget(p_actor text, p_source text, p_service text, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_free_key(p_actor text, p_order bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_free_key(p_actor text, p_order bigint, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_hold(p_actor text, p_order bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_hold(p_actor text, p_order bigint, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_note(p_actor text, p_action text, p_order bigint, p_account text, p_reason text, p_detail jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.operator_pause(p_actor text, p_account text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_pause(p_actor text, p_account text, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_release(p_actor text, p_order bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_release(p_actor text, p_order bigint, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_resolve(p_actor text, p_order bigint, p_answer text, p_reason text, p_upstream_id text, p_quiet_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_resolve(p_actor text, p_order bigint, p_answer text, p_reason text, p_upstream_id text, p_quiet_ms bigint) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_resume(p_actor text, p_account text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_resume(p_actor text, p_account text, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_retry(p_actor text, p_order bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_retry(p_actor text, p_order bigint, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.operator_topup(p_actor text, p_account text, p_amount numeric, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.operator_topup(p_actor text, p_account text, p_amount numeric, p_reason text) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.order_action(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_actions(p_order bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.order_actions(p_order bigint) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.order_bar(o bridge.orders, p_done_sequence bigint, OUT state bridge.order_state, OUT code text, OUT sentence text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_budget_reason(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_changes(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_cycle(p_license bigint, p_holder bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_end(p_order bigint, p_state bridge.order_state, p_code text, p_reason text, p_credits numeric, p_upstream_id text, p_key_free boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_end_uncalled(p_order bigint, p_state bridge.order_state, p_code text, p_reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_ended(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_expected(o bridge.orders) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.order_expected(o bridge.orders) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.order_fits(o bridge.orders, p_states bridge.order_state[], p_source text, p_service text, p_ip inet, p_license bigint, p_account text, p_type bridge.order_type, p_product text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_let_go(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_most(o bridge.orders, p_month numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_obstacle(o bridge.orders, OUT pair_id bigint, OUT holder bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_probeable(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_read(p_order bigint, p_source text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.order_read(p_order bigint, p_source text) TO bridge_intake;
GRANT ALL ON FUNCTION bridge.order_read(p_order bigint, p_source text) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.order_reason(o bridge.orders) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.order_reason(o bridge.orders) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.order_reason_words(o bridge.orders, p_head bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_since(p_after bigint, p_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_succeeded(o bridge.orders) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_target(o bridge.orders, OUT target_type text, OUT target_ip inet) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.order_timeline(p_order bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.order_timeline(p_order bigint) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.orders_begin() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.orders_find(p_filter jsonb, p_before bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.orders_find(p_filter jsonb, p_before bigint, p_limit integer) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.orders_fixed() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.orders_match(p_filter jsonb, p_states text, p_up_to bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.orders_match(p_filter jsonb, p_states text, p_up_to bigint, p_limit integer) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.orders_moved() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.orders_of_ip(p_ip inet) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.orders_of_key(p_key text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.orders_of_text(p_text text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.orders_repeated(p_newest integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.orders_repeated(p_newest integer) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.orders_rest(p_orders bigint[], p_due bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.orders_rest(p_orders bigint[], p_due bigint[]) TO bridge_intake;

REVOKE ALL ON FUNCTION bridge.orders_told() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.outcomes_ordinary(p_orders bigint[], p_attempts bigint[], p_epochs bigint[], p_targets text[], p_codes text[], p_reasons text[], p_settle_ms bigint[], p_sent boolean[], p_verdicts text[], p_statuses bigint[], p_curls bigint[], p_elapsed_ms bigint[], p_requests text[], p_answers bytea[], p_upstream_ids text[], p_pauses boolean[], p_expires_ms bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.pair_claim(p_account text, p_type text, p_ip inet, p_license bigint, p_order bigint, OUT pair_id bigint, OUT holder bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.pair_leave(p_account text, p_type text, p_ip inet, p_license bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.pair_release(p_account text, p_type text, p_ip inet, p_license bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.pair_sentence(p_pair bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.pairs_wake() FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.pairs_wake() TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.partitions_ensure() FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.partitions_ensure() TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.partitions_make(p_parent text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.partitions_make(p_parent text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.price_learned(o bridge.orders, p_month numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.price_read(p_account text, p_type text, p_months integer, p_action text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.price_read(p_account text, p_type text, p_months integer, p_action text) TO bridge_intake;
GRANT ALL ON FUNCTION bridge.price_read(p_account text, p_type text, p_months integer, p_action text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.probe_begin(p_worker text, p_order bigint, p_lease_ms bigint, p_late_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.probe_begin(p_worker text, p_order bigint, p_lease_ms bigint, p_late_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.probe_end(p_worker text, p_order bigint, p_certain boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.probe_end(p_worker text, p_order bigint, p_certain boolean) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.probe_give(p_worker text, p_order bigint, p_epoch bigint, p_certain boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.probe_give(p_worker text, p_order bigint, p_epoch bigint, p_certain boolean) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.probe_take(p_worker text, p_order bigint, p_lease_ms bigint, p_late_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.probe_take(p_worker text, p_order bigint, p_lease_ms bigint, p_late_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.product_store(p_account text, text[], text[], text[], boolean[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.product_store(p_account text, text[], text[], text[], boolean[]) TO bridge_worker;
GRANT ALL ON FUNCTION bridge.product_store(p_account text, text[], text[], text[], boolean[]) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.product_sync(p_account text, p_types text[], p_names text[], p_prices text[], p_visible boolean[], p_configured text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.product_sync(p_account text, p_types text[], p_names text[], p_prices text[], p_visible boolean[], p_configured text[]) TO bridge_worker;
GRANT ALL ON FUNCTION bridge.product_sync(p_account text, p_types text[], p_names text[], p_prices text[], p_visible boolean[], p_configured text[]) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.refuse_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.schema_oldest_program() FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.schema_oldest_program() TO bridge_intake;
GRANT ALL ON FUNCTION bridge.schema_oldest_program() TO bridge_worker;
GRANT ALL ON FUNCTION bridge.schema_oldest_program() TO bridge_ops;
GRANT ALL ON FUNCTION bridge.schema_oldest_program() TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.schema_version() FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.schema_version() TO bridge_intake;
GRANT ALL ON FUNCTION bridge.schema_version() TO bridge_worker;
GRANT ALL ON FUNCTION bridge.schema_version() TO bridge_ops;
GRANT ALL ON FUNCTION bridge.schema_version() TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.service_orders(p_source text, p_service text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.service_orders(p_source text, p_service text, p_limit integer) TO bridge_intake;

REVOKE ALL ON FUNCTION bridge.source_licenses(p_source text, p_after bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.source_licenses(p_source text, p_after bigint, p_limit integer) TO bridge_intake;

REVOKE ALL ON FUNCTION bridge.sources_known() FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.span_calls(p_from timestamp with time zone, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.span_calls(p_from timestamp with time zone, p_until timestamp with time zone) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.span_credits(p_from timestamp with time zone, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.span_credits(p_from timestamp with time zone, p_until timestamp with time zone) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.span_orders(p_from timestamp with time zone, p_until timestamp with time zone, p_after bigint, p_before bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.span_orders(p_from timestamp with time zone, p_until timestamp with time zone, p_after bigint, p_before bigint) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.summed_first(p_mark timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.summed_running(p_mark timestamp with time zone, p_running text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.sweep_end(p_license bigint, p_epoch bigint, p_code text, p_reason text, p_expires_ms bigint, p_activated_ms bigint, p_every_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.sweep_end(p_license bigint, p_epoch bigint, p_code text, p_reason text, p_expires_ms bigint, p_activated_ms bigint, p_every_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.sweep_take(p_account text, p_limit integer, p_every_ms bigint, p_endpoint text, p_egress text, p_requests integer, p_per_ms bigint, p_types text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.sweep_take(p_account text, p_limit integer, p_every_ms bigint, p_endpoint text, p_egress text, p_requests integer, p_per_ms bigint, p_types text[]) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.taint_lifted(p_account text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.token_check(p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.token_check(p_digest bytea) TO bridge_intake;
GRANT ALL ON FUNCTION bridge.token_check(p_digest bytea) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.token_create(p_actor text, p_name text, p_digest bytea, p_scopes text[], p_expires timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.token_create(p_actor text, p_name text, p_digest bytea, p_scopes text[], p_expires timestamp with time zone) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.token_revoke(p_actor text, p_token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.token_revoke(p_actor text, p_token bigint) TO bridge_operator;

REVOKE ALL ON FUNCTION bridge.tray_probes() FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.tray_probes() TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.utc(p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.utc(p_at timestamp with time zone) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.view_read(p_view text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.view_read(p_view text, p_limit integer) TO bridge_ops;

REVOKE ALL ON FUNCTION bridge.window_book(a bridge.account, w bridge.spending_window, p_balance numeric, p_learned numeric, p_rise numeric, p_alarm text) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.window_close(p_account text, p_window bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.window_close(p_account text, p_window bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.window_doubts(p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.window_doubts(p_account text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.window_expected(p_window bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.window_expected(p_window bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.window_look(p_account text, p_quiet_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.window_look(p_account text, p_quiet_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.window_missing(a bridge.account, w bridge.spending_window, p_balance numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.window_open(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_width integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.window_open(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_width integer) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.window_open_locked(a bridge.account, p_balance numeric, p_sandbox boolean, p_width integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.window_prices_hold(p_window bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.window_prices_hold(p_window bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.window_probed(p_order bigint, p_attempt integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.window_probed(p_order bigint, p_attempt integer) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.window_repriced(w bridge.spending_window, p_moved numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.window_rise_doubtful(w bridge.spending_window, p_rise numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.window_settle(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_orders bigint[], p_fates text[], p_costs numeric[], p_evidence boolean, p_sentence text, p_alarm text, p_learned numeric, p_rise numeric, p_next boolean, p_width integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.window_settle(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_orders bigint[], p_fates text[], p_costs numeric[], p_evidence boolean, p_sentence text, p_alarm text, p_learned numeric, p_rise numeric, p_next boolean, p_width integer) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.work_begin(p_worker text, p_order bigint, p_epoch bigint, p_lease_ms bigint, p_month numeric, p_width integer, p_count integer, p_span_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.work_begin(p_worker text, p_order bigint, p_epoch bigint, p_lease_ms bigint, p_month numeric, p_width integer, p_count integer, p_span_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.work_begun(p_worker text, p_heads bigint[], p_epochs bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.work_claim(p_worker text, p_accounts text[], p_limit integer, p_lease_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.work_claim(p_worker text, p_accounts text[], p_limit integer, p_lease_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.work_claim_paid(p_worker text, p_account text, p_limit integer, p_lease_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.work_claim_paid(p_worker text, p_account text, p_limit integer, p_lease_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.work_claim_rationed(p_worker text, p_account text, p_limit integer, p_lease_ms bigint, p_egress text, p_types text[], p_endpoints text[], p_requests bigint[], p_per_ms bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.work_claim_rationed(p_worker text, p_account text, p_limit integer, p_lease_ms bigint, p_egress text, p_types text[], p_endpoints text[], p_requests bigint[], p_per_ms bigint[]) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.work_fence(p_order bigint, p_attempt integer, p_epoch bigint, p_timeout_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.work_fence(p_order bigint, p_attempt integer, p_epoch bigint, p_timeout_ms bigint) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.work_outcome(p_order bigint, p_attempt integer, p_epoch bigint, p_to bridge.order_state, p_code text, p_reason text, p_wait_ms bigint, p_settle_ms bigint, p_doubted boolean, p_key_free boolean, p_sent boolean, p_verdict bridge.verdict, p_status integer, p_curl integer, p_elapsed_ms integer, p_request text, p_answer bytea, p_upstream_id text, p_pause boolean, p_expires_ms bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.work_outcomes(bigint[], bigint[], bigint[], text[], text[], text[], bigint[], bigint[], boolean[], boolean[], boolean[], text[], bigint[], bigint[], bigint[], text[], bytea[], text[], boolean[], bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.work_outcomes(bigint[], bigint[], bigint[], text[], text[], text[], bigint[], bigint[], boolean[], boolean[], boolean[], text[], bigint[], bigint[], bigint[], text[], bytea[], text[], boolean[], bigint[]) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.work_return(p_order bigint, p_epoch bigint, p_to bridge.order_state, p_code text, p_reason text, p_wait_ms bigint, p_price numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.work_return(p_order bigint, p_epoch bigint, p_to bridge.order_state, p_code text, p_reason text, p_wait_ms bigint, p_price numeric) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.work_rows(o bridge.orders, p_epoch bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION bridge.work_takeover(p_limit integer, p_accounts text[], p_quiet_ms bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.work_takeover(p_limit integer, p_accounts text[], p_quiet_ms bigint[]) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.worker_gone(p_worker text) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.worker_gone(p_worker text) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.worker_seen(p_worker text, p_version text, p_running integer) FROM PUBLIC;
GRANT ALL ON FUNCTION bridge.worker_seen(p_worker text, p_version text, p_running integer) TO bridge_worker;

REVOKE ALL ON FUNCTION bridge.counts_sum(bigint[]) FROM PUBLIC;

GRANT SELECT ON TABLE ops.accounts TO bridge_ops;

GRANT SELECT ON TABLE ops.ack_latency_1h TO bridge_ops;

GRANT SELECT ON TABLE ops.activity_hourly TO bridge_ops;

GRANT SELECT ON TABLE ops.attempts TO bridge_ops;

GRANT SELECT ON TABLE ops.awaited_renewals TO bridge_ops;

GRANT SELECT ON TABLE ops.waiting_purchases TO bridge_ops;

GRANT SELECT ON TABLE ops.balance_runway TO bridge_ops;

GRANT SELECT ON TABLE ops.blocked_licenses TO bridge_ops;

GRANT SELECT ON TABLE ops.budgets TO bridge_ops;

GRANT SELECT ON TABLE ops.call_totals TO bridge_ops;

GRANT SELECT ON TABLE ops.callbacks TO bridge_ops;

GRANT SELECT ON TABLE ops.callbacks_pending TO bridge_ops;

GRANT SELECT ON TABLE ops.credits_spent_daily TO bridge_ops;

GRANT SELECT ON TABLE ops.customer_licenses TO bridge_ops;

GRANT SELECT ON TABLE ops.deliveries TO bridge_ops;

GRANT SELECT ON TABLE ops.duplicate_deliveries TO bridge_ops;

GRANT SELECT ON TABLE ops.failure_reasons_24h TO bridge_ops;

GRANT SELECT ON TABLE ops.in_doubt TO bridge_ops;

GRANT SELECT ON TABLE ops.ledger TO bridge_ops;

GRANT SELECT ON TABLE ops.ledger_drift TO bridge_ops;

GRANT SELECT ON TABLE ops.license_addresses TO bridge_ops;

GRANT SELECT ON TABLE ops.licenses TO bridge_ops;

GRANT SELECT ON TABLE ops.licenses_by_ip TO bridge_ops;

GRANT SELECT ON TABLE ops.licenses_expiring TO bridge_ops;

GRANT SELECT ON TABLE ops.licenses_invalid TO bridge_ops;

GRANT SELECT ON TABLE ops.oldest_waiting TO bridge_ops;

GRANT SELECT ON TABLE ops.operator_actions TO bridge_ops;

GRANT SELECT ON TABLE ops.order_history TO bridge_ops;

GRANT SELECT ON TABLE ops.orders TO bridge_ops;

GRANT SELECT ON TABLE ops.orders_by_state TO bridge_ops;

GRANT SELECT ON TABLE ops.overview_warnings TO bridge_ops;

GRANT SELECT ON TABLE ops.product_costs TO bridge_ops;

GRANT SELECT ON TABLE ops.product_history TO bridge_ops;

GRANT SELECT ON TABLE ops.products TO bridge_ops;

GRANT SELECT ON TABLE ops.providers TO bridge_ops;

GRANT SELECT ON TABLE ops.rate_budget TO bridge_ops;

GRANT SELECT ON TABLE ops.refused_deliveries TO bridge_ops;

GRANT SELECT ON TABLE ops.renewals_due TO bridge_ops;

GRANT SELECT ON TABLE ops.renewals_overdue TO bridge_ops;

GRANT SELECT ON TABLE ops.retry_queue TO bridge_ops;

GRANT SELECT ON TABLE ops.review TO bridge_ops;

GRANT SELECT ON TABLE ops.table_health TO bridge_ops;

GRANT SELECT ON TABLE ops.tokens TO bridge_ops;

GRANT SELECT ON TABLE ops.totals TO bridge_ops;

GRANT SELECT ON TABLE ops.upstream_errors_1h TO bridge_ops;

GRANT SELECT ON TABLE ops.upstream_latency_1h TO bridge_ops;

GRANT SELECT ON TABLE ops.upstreams TO bridge_ops;

GRANT SELECT ON TABLE ops.worker_status TO bridge_ops;

GRANT SELECT ON TABLE ops.workers TO bridge_ops;
