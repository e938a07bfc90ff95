-- SPDX-License-Identifier: Apache-2.0
-- A document without what its members' names call secret.
create or replace function bridge.json_masked(p jsonb) returns jsonb language plpgsql immutable as $$
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
