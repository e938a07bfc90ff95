-- Shows a pause on the orders that it stops.
select bridge.account_sweep() as swept
