-- What lies in review and is due to be asked for by the existence probe, one an account.
select account, order_id, attempt, upstream_type, ip from bridge.tray_probes()
