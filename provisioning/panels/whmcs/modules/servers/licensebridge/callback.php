<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * Where the bridge posts its signed callbacks: https://YOUR-WHMCS/modules/servers/licensebridge/callback.php
 * Anything that is not signed with a secret of a License Bridge server entry is answered 401 and changes nothing.
 */
require_once __DIR__ . '/../../../init.php';
require_once __DIR__ . '/lib/load.php';

$status = 405;
if (($_SERVER['REQUEST_METHOD'] ?? '') === 'POST') {
    try {
        $status = LicenseBridge\Whmcs\Notice::receive(LicenseBridge\Callback::headersOf($_SERVER),
            (string) file_get_contents('php://input', false, null, 0, 1048577));
    } catch (Throwable $trouble) {
        logActivity('License Bridge: a callback could not be handled: ' . get_class($trouble));
        $status = 503;
    }
}
http_response_code($status);
header('content-type: application/json');
header('cache-control: no-store');
echo json_encode(['ok' => $status === 200]);
