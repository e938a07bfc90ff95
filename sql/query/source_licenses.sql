-- A page of a source's licenses for its panel.
-- $1 source  $2 only license ids above this  $3 most rows
select license_id, license from bridge.source_licenses($1, $2::bigint, $3::int)
