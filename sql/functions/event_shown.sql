-- SPDX-License-Identifier: Apache-2.0
-- A stored event as people may see it: its document with secrets masked, or null where it is none.
create or replace function bridge.event_shown(p_body bytea) returns jsonb language plpgsql immutable as $$
begin
  return bridge.json_masked(convert_from(p_body, 'UTF8')::jsonb);
exception when data_exception or invalid_text_representation then
  return null;
end
$$;
