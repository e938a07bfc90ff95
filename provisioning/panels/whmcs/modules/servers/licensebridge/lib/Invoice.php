<?php
// SPDX-License-Identifier: Apache-2.0
/** Paid invoice lines: which of them pay for a license of this module, and for which period. */
namespace LicenseBridge\Whmcs;

final class Invoice
{
    /** The first period belongs to the create: its line never renews. */
    public static function paid(int $invoiceId): void
    {
        $memory = Panel::memory();
        $lines = $memory->rows(
            'SELECT i.id AS itemid, i.relid AS serviceid, i.duedate, h.domainstatus, h.regdate, h.billingcycle,
                    p.configoption3
             FROM tblinvoiceitems i
             JOIN tblhosting h ON h.id = i.relid
             JOIN tblproducts p ON p.id = h.packageid
             WHERE i.invoiceid = ? AND i.type = ? AND p.servertype = ?', [$invoiceId, 'Hosting', Panel::MODULE]);
        foreach ($lines as $line) {
            $first = $line['domainstatus'] === 'Pending' || substr($line['duedate'], 0, 10) === substr($line['regdate'], 0, 10);
            $months = (int) $line['configoption3'] > 0 ? (int) $line['configoption3'] : Work::monthsOf($line['billingcycle']);
            $memory->itemRemember(['itemid' => (int) $line['itemid'], 'serviceid' => (int) $line['serviceid'],
                'invoiceid' => $invoiceId, 'kind' => $first ? 'create' : 'renew', 'months' => $months,
                'period_end' => $months > 0 ? Work::periodEnd((string) $line['duedate'], $months) : '']);
        }
    }
}
