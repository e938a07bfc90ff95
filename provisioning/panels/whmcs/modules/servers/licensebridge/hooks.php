<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * Remembers which invoice line was paid before WHMCS runs Renew, which is told neither invoice nor period. The
 * line is the key of the renewal: however often Renew runs for it, it is one order.
 */
if (!defined('WHMCS')) {
    die('This file cannot be accessed directly');
}

require_once __DIR__ . '/lib/load.php';

add_hook('InvoicePaidPreEmail', 1, function (array $vars) {
    try {
        LicenseBridge\Whmcs\Invoice::paid((int) $vars['invoiceid']);
    } catch (Throwable $trouble) {
        logActivity('License Bridge: the paid lines of invoice ' . (int) $vars['invoiceid'] . ' could not be noted: '
            . get_class($trouble));
    }
});
