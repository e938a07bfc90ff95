<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * FOSSBilling: an adapter for the "Custom" product type. Put this file and Client.php into
 * library/Plugin/LicenseBridgePlugin/, choose the plugin LicenseBridgePlugin for the product, and give it as
 * configuration {"url": "https://bridge.example", "source": "foss1", "secret": "whsec_…", "product_code": "cpanel"}.
 * The order form needs a field "ip". FOSSBilling shows the text of an exception and leaves the order as it was.
 */
require_once __DIR__ . '/Client.php';

class LicenseBridgePlugin
{
    private array $config;

    public function __construct(array $config)
    {
        $this->config = $config;
    }

    /** A purchase has a key that says what it is about; the rest may be repeated freely, so it needs none. */
    private function order(string $type, array $order, string $key = ''): bool
    {
        $months = ['M' => 1, 'Y' => 12][substr((string) $order['period'], -1)] ?? 1;
        $data = ['service_id' => (string) $order['id'], 'product_code' => $this->config['product_code'],
            'ip' => (string) ($order['config']['ip'] ?? '')];
        if ($key !== '') {
            $data += ['operation_key' => $order['id'] . ':' . $key, 'billing_months' => max(1, (int) $order['period']) * $months];
        }
        $client = new LicenseBridge\Client($this->config['url'], $this->config['source'], $this->config['secret'],
            $this->config['options'] ?? []);
        $answer = $client->send(LicenseBridge\Client::event($type, $data));
        if (!$answer->accepted() || $answer->text('state') !== 'succeeded') {
            throw new LicenseBridge\Trouble($answer->accepted()
                ? "order {$answer->text('order_id')} is {$answer->text('state')} {$answer->text('reason')}: try again later"
                : $answer->problem());
        }
        return true;
    }

    public function activate(array $data, array $order): bool
    {
        return $this->order('license.create', $order, 'create');
    }

    public function renew(array $data, array $order): bool
    {
        return $this->order('license.renew', $order, 'renew:' . substr((string) ($order['expires_at'] ?? ''), 0, 10));
    }

    public function suspend(array $data, array $order): bool
    {
        return $this->order('license.suspend', $order);
    }

    public function unsuspend(array $data, array $order): bool
    {
        return $this->order('license.unsuspend', $order);
    }

    public function cancel(array $data, array $order): bool
    {
        return $this->suspend($data, $order);
    }

    public function uncancel(array $data, array $order): bool
    {
        return $this->unsuspend($data, $order);
    }

    public function delete(array $data, array $order): bool
    {
        return $this->order('license.terminate', $order);
    }
}
