<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * One service's work: turns a WHMCS action into an event, finds the key under which it is one and the same order
 * however often WHMCS repeats it, and says "success" only when the bridge says succeeded.
 *
 *   create         service + generation; a generation ends with its terminate
 *   renew          the paid invoice line
 *   everything else service + generation + running number; the same number until that operation has ended
 */
namespace LicenseBridge\Whmcs;

use LicenseBridge\Answer;
use LicenseBridge\Client;
use LicenseBridge\Texts;
use LicenseBridge\Trouble;

final class Work
{
    private const TYPES = [
        'create' => 'license.create', 'renew' => 'license.renew', 'suspend' => 'license.suspend',
        'unsuspend' => 'license.unsuspend', 'terminate' => 'license.terminate', 'change_ip' => 'license.change_ip',
        'change_product' => 'license.change_product',
    ];
    private const CYCLES = [
        'monthly' => 1, 'quarterly' => 3, 'semi-annually' => 6, 'semiannually' => 6, 'annually' => 12,
        'biennially' => 24, 'triennially' => 36,
    ];
    private const TAKES_PLACE_OF = [
        'suspend' => ['unsuspend'], 'unsuspend' => ['suspend'], 'change_ip' => ['change_ip'],
        'change_product' => ['change_product'], 'terminate' => ['suspend', 'unsuspend'],
    ];

    private array $params;
    private Client $client;
    private Memory $memory;
    private Texts $texts;
    private int $serviceId;

    public function __construct(array $params, Client $client, Memory $memory, Texts $texts)
    {
        $this->params = $params;
        $this->client = $client;
        $this->memory = $memory;
        $this->texts = $texts;
        $this->serviceId = (int) $params['serviceid'];
    }

    public static function monthsOf(string $cycle): int
    {
        return self::CYCLES[strtolower(trim($cycle))] ?? 0;
    }

    /** The day on which a period of so many months ends; the last day of a shorter month. */
    public static function periodEnd(string $from, int $months): string
    {
        if (!preg_match('/^(\d{4})-(\d{2})-(\d{2})/', $from, $day) || !checkdate((int) $day[2], (int) $day[3], (int) $day[1])) {
            return '';
        }
        $first = (new \DateTimeImmutable("{$day[1]}-{$day[2]}-01", new \DateTimeZone('UTC')))->modify("+$months months");
        return $first->format('Y-m-') . str_pad((string) min((int) $day[3], (int) $first->format('t')), 2, '0', STR_PAD_LEFT);
    }

    private function option(int $number): string
    {
        return trim((string) ($this->params["configoption$number"] ?? ''));
    }

    private function customField(string $name): string
    {
        return $name === '' ? '' : trim((string) ($this->params['customfields'][$name] ?? ''));
    }

    public function addressField(): string
    {
        return $this->option(2) !== '' ? $this->option(2) : 'IP Address';
    }

    /** The address that WHMCS shows for the service, wherever the administrator keeps it. */
    public function addressWanted(): string
    {
        $model = $this->params['model'] ?? null;
        $domain = trim((string) ($this->params['domain'] ?? ''));
        $places = [$this->customField($this->addressField()),
            is_object($model) ? trim((string) ($model->dedicatedip ?? '')) : '',
            filter_var($domain, FILTER_VALIDATE_IP) !== false ? $domain : ''];
        $address = (string) current(array_filter($places) ?: ['']);
        if ($address !== '' && filter_var($address, FILTER_VALIDATE_IP) === false) {
            throw new Trouble($this->texts->get('bad_address', $address));
        }
        return $address;
    }

    private function productWanted(): string
    {
        if ($this->option(1) === '') {
            throw new Trouble($this->texts->get('no_product'));
        }
        return $this->option(1);
    }

    private function months(): int
    {
        $model = $this->params['model'] ?? null;
        $months = (int) $this->option(3) > 0 ? (int) $this->option(3)
            : self::monthsOf(is_object($model) ? (string) ($model->billingcycle ?? '') : '');
        if ($months < 1) {
            throw new Trouble($this->texts->get('no_cycle'));
        }
        return $months;
    }

    /** What names the license in every event; null members are left out. */
    private function data(string $product, string $address): array
    {
        $key = $this->customField($this->option(7) !== '' ? $this->option(7) : 'License Key');
        $data = ['service_id' => (string) $this->serviceId, 'product_code' => $product, 'ip' => $address];
        if ($key !== '') { // only a product with a key is activated for a person and a machine
            $data += ['license_key' => $key, 'customer_email' => $this->params['clientsdetails']['email'] ?? '',
                'domain' => (string) ($this->params['domain'] ?? ''),
                'hwid' => $this->customField($this->option(8) !== '' ? $this->option(8) : 'Hardware ID'),
                'verification_type' => $this->option(6) === 'none' ? '' : $this->option(6)];
        } elseif ($address === '') {
            throw new Trouble($this->texts->get('no_address', $this->addressField()));
        }
        return array_filter($data, fn ($value) => $value !== '');
    }

    private function dataNow(): array
    {
        $service = $this->memory->service($this->serviceId);
        return $this->data($service['product_code'] !== '' ? $service['product_code'] : $this->productWanted(),
            $service['ip'] !== '' ? $service['ip'] : $this->addressWanted());
    }

    /** Sends an operation under its key and takes note of what the bridge says. */
    private function carryOut(array $operation): string
    {
        $this->memory->operationSave($operation);
        $answer = $this->client->send($operation['body']);
        if ($answer->accepted()) {
            $operation['order_id'] = $answer->text('order_id');
            $operation['state'] = $answer->text('state');
            $operation['reason'] = $answer->text('reason');
        } elseif (!$answer->unknown()) {
            $operation['state'] = 'refused';
            $operation['reason'] = $answer->problem();
        }
        $this->memory->operationSave($operation);
        $this->ended($operation);
        return $this->result($answer);
    }

    private function result(Answer $answer): string
    {
        if ($answer->unknown()) {
            return $this->texts->get('unreachable', $answer->problem());
        }
        if (!$answer->accepted()) {
            return $this->texts->get('refused', $answer->problem());
        }
        return $answer->text('state') === 'succeeded' ? 'success' : $this->texts->outcome($answer);
    }

    /** What follows from an operation's end: where the license is now, and whether its generation is over. */
    private function ended(array $operation): void
    {
        if ($operation['state'] !== 'succeeded') {
            return;
        }
        $data = json_decode($operation['body'], true)['data'];
        $service = $this->memory->service($this->serviceId);
        switch ($operation['action']) {
            case 'create':
                $this->show((string) $service['ip']);
                break;
            case 'change_ip':
                $service['ip'] = $data['new_ip'];
                $this->memory->serviceSave($service);
                $this->show($data['new_ip']);
                break;
            case 'change_product':
                $service['product_code'] = $data['new_product_code'];
                $this->memory->serviceSave($service);
                break;
            case 'terminate':
                $this->memory->generationEnd($this->serviceId, (int) $operation['generation']);
                break;
            case 'renew':
                $this->memory->itemDone((int) $data['invoice_item_id']);
                break;
        }
    }

    /** Shows the license's address in WHMCS, and the name under which the server sync finds it. */
    private function show(string $address): void
    {
        $model = $this->params['model'] ?? null;
        if (is_object($model) && is_object($model->serviceProperties ?? null)) {
            $shown = ['Username' => 'lb-' . $this->serviceId];
            if ($address !== '') {
                $shown += ['Dedicated IP' => $address, $this->addressField() => $address];
            }
            $model->serviceProperties->save($shown);
        }
    }

    private function operationNew(string $action, string $key, int $generation, int $serial, array $data): array
    {
        return ['okey' => $key, 'serviceid' => $this->serviceId, 'action' => $action, 'generation' => $generation,
            'serial' => $serial, 'order_id' => '', 'state' => 'new', 'reason' => '',
            'body' => Client::event(self::TYPES[$action], ['operation_key' => $key] + $data)];
    }

    /** Whether what was begun asks for the same thing; the panel may have changed its mind since. */
    private static function same(array $operation, array $data): bool
    {
        $before = json_decode($operation['body'], true)['data'];
        foreach (['product_code', 'new_product_code', 'ip', 'new_ip', 'license_key'] as $member) {
            if (($before[$member] ?? null) !== ($data[$member] ?? null)) {
                return false;
            }
        }
        return true;
    }

    public function create(): string
    {
        $service = $this->memory->service($this->serviceId);
        $generation = (int) $service['generation'];
        $key = $this->serviceId . ':create:' . $generation;
        $operation = $this->memory->operation($key);
        // What may have reached the bridge is sent as it was; after a failure the details may be corrected.
        if ($operation === null || in_array($operation['state'], ['failed', 'cancelled', 'refused'], true)) {
            $data = $this->data($this->productWanted(), $this->addressWanted()) + ['billing_months' => $this->months()];
            if ($this->option(4) !== '') {
                $data['max_credits'] = $this->option(4);
            }
            foreach (array_slice(array_reverse($this->memory->items($this->serviceId, 'create')), 0, 1) as $item) {
                $data += ['invoice_id' => (string) $item['invoiceid'], 'invoice_item_id' => (string) $item['itemid']];
            }
            $service['product_code'] = $data['product_code'];
            $service['ip'] = $data['ip'] ?? '';
            $this->memory->serviceSave($service);
            $operation = $this->operationNew('create', $key, $generation, 0, $data);
        }
        return $this->carryOut($operation);
    }

    /** Lets the next create be a new purchase, when the last one has certainly ended without one. */
    public function createAnew(): string
    {
        $generation = (int) $this->memory->service($this->serviceId)['generation'];
        $operation = $this->memory->operation($this->serviceId . ':create:' . $generation);
        if ($operation === null || $operation['order_id'] === '') {
            return $this->texts->get('not_again', $this->texts->get('none'));
        }
        $order = $this->client->order($operation['order_id']);
        if (!in_array($order->text('state'), ['failed', 'cancelled'], true)) {
            return $this->texts->get('not_again', $order->status === 200
                ? $this->texts->word('state', $order->text('state')) : $order->problem());
        }
        $this->memory->generationEnd($this->serviceId, $generation);
        return 'success';
    }

    private function act(string $action, array $data): string
    {
        $operation = $this->memory->operationOpen($this->serviceId, $action);
        if ($operation === null || !self::same($operation, $data)) {
            $service = $this->memory->service($this->serviceId);
            $service['serial'] = (int) $service['serial'] + 1;
            $this->memory->serviceSave($service);
            $key = "{$this->serviceId}:$action:{$service['generation']}:{$service['serial']}";
            $operation = $this->operationNew($action, $key, (int) $service['generation'], $service['serial'], $data);
        }
        $this->memory->operationsSupersede($this->serviceId, self::TAKES_PLACE_OF[$action] ?? [], $operation['okey']);
        return $this->carryOut($operation);
    }

    public function suspend(): string
    {
        $reason = mb_substr(trim((string) ($this->params['suspendreason'] ?? '')), 0, 200);
        return $this->act('suspend', $this->dataNow() + ($reason !== '' ? ['reason' => $reason] : []));
    }

    public function unsuspend(): string
    {
        return $this->act('unsuspend', $this->dataNow());
    }

    /** Pressed again after its success it is the same order: the next generation has not been bought yet. */
    public function terminate(): string
    {
        $generation = (int) $this->memory->service($this->serviceId)['generation'];
        $last = $this->memory->operationLast($this->serviceId, 'terminate');
        if ($last !== null && (int) $last['generation'] < $generation
            && $this->memory->operation($this->serviceId . ':create:' . $generation) === null) {
            return $this->carryOut($last);
        }
        return $this->act('terminate', $this->dataNow());
    }

    public function changeProduct(): string
    {
        $data = $this->dataNow();
        if ($data['product_code'] === $this->productWanted()) {
            return 'success'; // an upgrade of something that is not the license
        }
        return $this->act('change_product', $data + ['new_product_code' => $this->productWanted()]);
    }

    public function changeAddress(string $address): string
    {
        if (filter_var($address, FILTER_VALIDATE_IP) === false) {
            throw new Trouble($this->texts->get('bad_address', $address));
        }
        $data = $this->dataNow();
        if (($data['ip'] ?? '') === $address) {
            throw new Trouble($this->texts->get('same_address', $address, $this->addressField()));
        }
        return $this->act('change_ip', $data + ['new_ip' => $address]);
    }

    /** Sends what was begun once more, as it was; "success" when all of it has succeeded. */
    public function finish(): string
    {
        $result = 'success';
        foreach (['renew', 'change_ip', 'change_product'] as $action) {
            $operation = $this->memory->operationOpen($this->serviceId, $action);
            $one = $operation !== null ? $this->carryOut($operation) : 'success';
            $result = $one !== 'success' ? $one : $result;
        }
        return $result;
    }

    /**
     * Carries out every paid line that has no renewal yet, oldest first. Without one, the last line is sent again:
     * that is the same order, so nothing is bought twice.
     */
    public function renew(): string
    {
        $items = $this->memory->items($this->serviceId, 'renew');
        $open = array_filter($items, fn ($item) => (int) $item['done'] === 0);
        if ($items === []) {
            return $this->texts->get($this->memory->items($this->serviceId, 'create') === [] ? 'no_invoice' : 'first_invoice');
        }
        $result = '';
        foreach ($open !== [] ? $open : [end($items)] as $item) {
            $key = $this->serviceId . ':renew:' . $item['itemid'];
            $operation = $this->memory->operation($key);
            if ($operation === null || in_array($operation['state'], ['failed', 'cancelled', 'refused'], true)) {
                $data = $this->dataNow() + ['billing_months' => (int) $item['months'] ?: $this->months(),
                    'invoice_id' => (string) $item['invoiceid'], 'invoice_item_id' => (string) $item['itemid']];
                if ($item['period_end'] !== '') {
                    $data['period_end'] = $item['period_end'];
                }
                if ($this->option(4) !== '') {
                    $data['max_credits'] = $this->option(4);
                }
                $operation = $this->operationNew('renew', $key, (int) $this->memory->service($this->serviceId)['generation'],
                    (int) $item['itemid'], $data);
            }
            $result = $this->carryOut($operation);
            if ($result !== 'success') {
                break;
            }
        }
        return $result;
    }
}
