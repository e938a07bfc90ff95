<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * Paymenter: a server extension. Put this file as LicenseBridge.php, and Client.php, into
 * extensions/Servers/LicenseBridge/. The product needs a checkout property "ip". Paymenter has no renew call:
 * boot() listens to paid invoices, and each paid line of a running service is one renewal.
 */
namespace Paymenter\Extensions\Servers\LicenseBridge;

require_once __DIR__ . '/Client.php';

use App\Classes\Extension\Server;
use App\Events\Invoice\Paid;
use App\Models\Service;
use Illuminate\Support\Facades\Event;
use LicenseBridge\Client;
use LicenseBridge\Trouble;

class LicenseBridge extends Server
{
    private const MONTHS = ['month' => 1, 'year' => 12];

    public function boot()
    {
        Event::listen(Paid::class, function (Paid $event) {
            foreach ($event->invoice->items as $item) {
                $service = $item->reference;
                if ($service instanceof Service && in_array($service->status, ['active', 'suspended'], true)) {
                    try {
                        $this->renewService($service, $item);
                    } catch (Trouble $trouble) {
                        report($trouble); // the payment stands; staff read it in the log
                    }
                }
            }
        });
    }

    public function getConfig($values = []): array
    {
        $fields = [];
        foreach (['url' => 'Address of the bridge', 'source' => 'Source', 'secret' => 'Webhook secret'] as $name => $label) {
            $fields[] = ['name' => $name, 'type' => 'text', 'label' => $label, 'required' => true,
                'encrypted' => $name === 'secret'];
        }
        return $fields;
    }

    public function getProductConfig($values = []): array
    {
        return [['name' => 'product_code', 'type' => 'select', 'label' => 'License', 'required' => true,
            'options' => $this->client()->products()]];
    }

    public function testConfig()
    {
        try {
            $this->client()->ping();
            return true;
        } catch (Trouble $trouble) {
            return $trouble->getMessage();
        }
    }

    private function client(): Client
    {
        return new Client($this->config('url'), $this->config('source'), $this->config('secret'));
    }

    /** A purchase has a key that says what it is about; the rest may be repeated freely, so it needs none. */
    private function order(string $type, Service $service, array $settings, array $properties, array $more = [])
    {
        $data = ['service_id' => (string) $service->id, 'product_code' => $settings['product_code'],
            'ip' => (string) ($properties['ip'] ?? '')] + $more;
        $answer = $this->client()->send(Client::event($type, $data));
        if (!$answer->accepted() || $answer->text('state') !== 'succeeded') {
            throw new Trouble($answer->accepted() ? 'order ' . $answer->text('order_id') . ' is ' . $answer->text('state')
                : $answer->problem());
        }
        return true;
    }

    private function purchase(Service $service, string $key): array
    {
        $months = (self::MONTHS[$service->plan->billing_unit] ?? 1) * max(1, (int) $service->plan->billing_period);
        return ['operation_key' => "{$service->id}:$key", 'billing_months' => $months];
    }

    public function createServer(Service $service, $settings, $properties)
    {
        return $this->order('license.create', $service, $settings, $properties, $this->purchase($service, 'create'));
    }

    private function renewService(Service $service, $item)
    {
        $properties = $service->properties->pluck('value', 'key')->all();
        $settings = $service->product->settings->pluck('value', 'key')->all();
        return $this->order('license.renew', $service, $settings, $properties,
            $this->purchase($service, 'renew:' . $item->id) + ['invoice_id' => (string) $item->invoice_id,
                'invoice_item_id' => (string) $item->id]);
    }

    public function suspendServer(Service $service, $settings, $properties)
    {
        return $this->order('license.suspend', $service, $settings, $properties);
    }

    public function unsuspendServer(Service $service, $settings, $properties)
    {
        return $this->order('license.unsuspend', $service, $settings, $properties);
    }

    public function terminateServer(Service $service, $settings, $properties)
    {
        return $this->order('license.terminate', $service, $settings, $properties);
    }

    public function upgradeServer(Service $service, $settings, $properties)
    {
        throw new Trouble('change the license\'s product with an operator of the bridge');
    }
}
