<?php
// SPDX-License-Identifier: Apache-2.0
/** call.php ROOT run ACTION SERVICE | function NAME SERVICE | hook POINT JSON: runs it, and prints the result as JSON. */
[, $root, $what, $name, $value] = $argv;
require "$root/init.php";
parse_str((string) getenv('WHMCS_POST'), $_POST);
if ($what === 'run') {
    $result = whmcs_run($name, (int) $value);
} elseif ($what === 'function') {
    require_once "$root/modules/servers/licensebridge/licensebridge.php";
    try {
        $result = call_user_func("licensebridge_$name", whmcs_params((int) $value));
    } catch (Throwable $trouble) {
        $result = ['exception' => $trouble->getMessage()];
    }
} else {
    require_once "$root/modules/servers/licensebridge/hooks.php";
    foreach ($hooks[$name] ?? [] as $function) {
        $function(json_decode($value, true));
    }
    $result = count($hooks[$name] ?? []);
}
echo json_encode($result, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
