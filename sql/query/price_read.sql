-- What a dry run can say of the price; no row when the catalogue does not know the product.
-- $1 account  $2 upstream type  $3 months  $4 call name ('create', 'renew', 'change-core')
select price, expected, visible, learned from bridge.price_read($1, $2, $3::int, $4)
