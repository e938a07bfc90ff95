<?php
// SPDX-License-Identifier: Apache-2.0
/** What staff and clients see of the bridge's answers; everything is escaped here, or by Smarty's |escape. */
namespace LicenseBridge\Whmcs;

use LicenseBridge\Texts;

final class View
{
    public static function text(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
    }

    /** A table of a service's orders with state, attempts, credits and what was seen. */
    public static function orders(array $orders, Texts $texts): string
    {
        if ($orders === []) {
            return self::text($texts->get('none'));
        }
        $head = '';
        foreach (['order', 'action', 'state', 'attempts', 'credits', 'evidence'] as $column) {
            $head .= '<th style="text-align:left;padding:4px 8px">' . self::text($texts->get($column)) . '</th>';
        }
        $rows = '';
        foreach ($orders as $order) {
            $state = self::text($texts->word('state', (string) $order['state']));
            $reason = $order['state'] === 'succeeded' ? '' : (string) ($order['reason'] ?? '');
            $next = (string) ($order['next_try_at'] ?? '');
            $cells = [
                self::text((string) $order['order_id']),
                self::text(str_replace('license.', '', (string) $order['type'])),
                "<strong>$state</strong>" . ($reason !== '' ? '<br>' . self::text($reason) : '')
                    . ($next !== '' ? '<br>' . self::text($texts->get('next_try') . ': ' . $next) : ''),
                self::text((string) $order['attempts']),
                self::text((string) ($order['credits'] ?? '')),
                self::evidence($order['evidence'] ?? [], $texts),
            ];
            $rows .= '<tr><td style="padding:4px 8px;vertical-align:top">'
                . implode('</td><td style="padding:4px 8px;vertical-align:top">', $cells) . '</td></tr>';
        }
        return "<table class=\"licensebridge-orders\" style=\"border-collapse:collapse\"><tr>$head</tr>$rows</table>";
    }

    private static function evidence(array $attempts, Texts $texts): string
    {
        $lines = [];
        foreach ($attempts as $attempt) {
            $sent = isset($attempt['sent']) ? $texts->get($attempt['sent'] ? 'sent' : 'not_sent') : '';
            $parts = array_unique(array_filter([$attempt['at'] ?? '', $sent, $attempt['verdict'] ?? '',
                isset($attempt['http_status']) && (int) $attempt['http_status'] > 0 ? 'HTTP ' . $attempt['http_status'] : '',
                $attempt['reason'] ?? '']));
            $lines[] = self::text((int) $attempt['attempt'] . ': ' . implode(', ', $parts));
        }
        return implode('<br>', $lines);
    }

    /** What a client may know of the license; [] when there is none. */
    public static function license(array $orders, Texts $texts): array
    {
        if ($orders === [] || !is_array($orders[0]['license'] ?? null)) {
            return [];
        }
        $license = $orders[0]['license'];
        return [
            'status' => $texts->word('license', (string) ($license['status'] ?? 'unknown')),
            'active' => ($license['status'] ?? '') === 'active',
            'product' => (string) ($license['product_code'] ?? ''),
            'ip' => (string) ($license['ip'] ?? ''),
            'key' => (string) ($license['license_key'] ?? ''),
            'until' => (string) ($license['period_end'] ?? ''),
            'last' => $texts->word('state', (string) $orders[0]['state']),
        ];
    }

    /** Licenses as the Server Sync tool wants accounts; those that ended, or were never set up, are not listed. */
    public static function accounts(array $licenses): array
    {
        $words = ['active' => 'Active', 'suspended' => 'Suspended'];
        $accounts = [];
        foreach ($licenses as $license) {
            if (isset($words[$license['status'] ?? ''])) {
                $name = 'lb-' . $license['service_id'];
                $accounts[] = [
                    'name' => $name, 'email' => '', 'username' => $name, 'domain' => (string) ($license['ip'] ?? ''),
                    'uniqueIdentifier' => $name, 'product' => (string) $license['product_code'],
                    'primaryip' => (string) ($license['ip'] ?? ''), 'status' => $words[$license['status']],
                    'created' => str_replace(['T', 'Z'], [' ', ''], (string) $license['created_at']),
                ];
            }
        }
        return $accounts;
    }
}
