<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * WISECP product module "LicenseBridge". WISECP's queue repeats what did not return true; every repetition finds
 * the key and the bytes of the first try in the order's own options, so that it means the same order at the bridge.
 *
 *   create         WISECP order + generation; a generation ends with its delete
 *   renewal        WISECP order + due date that was paid for
 *   everything else WISECP order + generation + running number, the same until it has ended
 */
require_once __DIR__ . '/lib/Client.php';
require_once __DIR__ . '/lib/Texts.php';

use LicenseBridge\Answer;
use LicenseBridge\Client;
use LicenseBridge\Texts;
use LicenseBridge\Trouble;

class LicenseBridge extends ProductModule
{
    private const TYPES = [
        'create' => 'license.create', 'renewal' => 'license.renew', 'suspend' => 'license.suspend',
        'unsuspend' => 'license.unsuspend', 'delete' => 'license.terminate', 'change_ip' => 'license.change_ip',
        'apply_updowngrade' => 'license.change_product',
    ];
    private const MONTHS = ['month' => 1, 'year' => 12];
    private const TAKES_PLACE_OF = ['suspend' => 'unsuspend', 'unsuspend' => 'suspend'];

    public function __construct()
    {
        $this->_name = __CLASS__;
        parent::__construct();
    }

    private function texts(): Texts
    {
        return new Texts((string) ($this->lang['code'] ?? ''));
    }

    private function client(array $settings = []): Client
    {
        $settings += $this->config['settings'] ?? [];
        return new Client((string) ($settings['url'] ?? ''), (string) ($settings['source'] ?? ''),
            (string) ($settings['secret'] ?? ''), ['wait' => (int) ($settings['wait'] ?? 15),
                'ca_file' => (string) ($settings['ca_file'] ?? ''), 'patience' => (int) ($settings['patience'] ?? 50),
                'log' => function (string $what, string $request, string $answer) {
                    self::save_log('Product', $this->_name, $what, $request, $answer, '');
                }]);
    }

    /** What this module remembers of an order; kept in the order's own options. */
    private function memory(): array
    {
        return ($this->order['options']['config']['license_bridge'] ?? [])
            + ['generation' => 1, 'serial' => 0, 'product' => '', 'ip' => '', 'open' => []];
    }

    private function remember(array $memory): void
    {
        $this->order['options']['config']['license_bridge'] = $memory;
        Orders::set($this->order['id'], ['options' => Utility::jencode($this->order['options'])]);
    }

    private function fail(string $action, \Throwable $trouble): bool
    {
        $this->error = $trouble->getMessage();
        self::save_log('Product', $this->_name, $action, 'order ' . (int) ($this->order['id'] ?? 0), $this->error, '');
        return false;
    }

    private function setting(string $name): string
    {
        return trim((string) ($this->order['options']['creation_info'][$name] ?? ''));
    }

    /** The address that the customer or staff gave. */
    private function address(): string
    {
        $options = $this->order['options'] ?? [];
        $places = [$this->val_of_requirements['IP'] ?? '', $this->setting('ip'), $options['ip'] ?? ''];
        $address = trim((string) current(array_filter($places) ?: ['']));
        if ($address === '') {
            throw new Trouble($this->texts()->get('no_address', 'IP'));
        }
        if (filter_var($address, FILTER_VALIDATE_IP) === false) {
            throw new Trouble($this->texts()->get('bad_address', $address));
        }
        return $address;
    }

    private function product(): string
    {
        if ($this->setting('product_code') === '') {
            throw new Trouble($this->texts()->get('no_product'));
        }
        return $this->setting('product_code');
    }

    private function months(): int
    {
        $months = (self::MONTHS[$this->order['period'] ?? ''] ?? 0) * (int) ($this->order['period_time'] ?? 0);
        if ($months < 1) {
            throw new Trouble($this->texts()->get('no_cycle'));
        }
        return $months;
    }

    private function data(array $memory): array
    {
        return ['service_id' => (string) $this->order['id'],
            'product_code' => $memory['product'] !== '' ? $memory['product'] : $this->product(),
            'ip' => $memory['ip'] !== '' ? $memory['ip'] : $this->address()];
    }

    /** The operation that was begun for the same thing, or a new one under a key of its own. */
    private function operation(string $action, string $name, array $data): array
    {
        $memory = $this->memory();
        $begun = $memory['open'][$action] ?? null;
        if ($begun !== null && $begun['data'] == $data && ($name === '' || $begun['key'] === $name)) {
            return $begun;
        }
        if ($name === '') {
            $memory['serial']++;
            $name = "{$this->order['id']}:$action:{$memory['generation']}:{$memory['serial']}";
        }
        $begun = ['key' => $name, 'data' => $data, 'generation' => $memory['generation'],
            'body' => Client::event(self::TYPES[$action], ['operation_key' => $name] + $data)];
        unset($memory['open'][self::TAKES_PLACE_OF[$action] ?? '']);
        $memory['open'][$action] = $begun;
        $this->remember($memory);
        return $begun;
    }

    /** True when the bridge says succeeded; otherwise a Trouble that tells staff how things are. */
    private function carryOut(string $action, array $operation): bool
    {
        $answer = $this->client()->send($operation['body']);
        if ($answer->unknown()) {
            throw new Trouble($this->texts()->get('unreachable', $answer->problem()));
        }
        $state = $answer->text('state');
        if (!$answer->accepted() || in_array($state, Client::FINISHED, true)) {
            $this->end($action, $operation, $answer);
        }
        if (!$answer->accepted()) {
            throw new Trouble($this->texts()->get('refused', $answer->problem()));
        }
        if ($state !== 'succeeded') {
            throw new Trouble($this->texts()->outcome($answer));
        }
        return true;
    }

    /** Nothing is open any more, and what has changed is known from now on. */
    private function end(string $action, array $operation, Answer $answer): void
    {
        $memory = $this->memory();
        unset($memory['open'][$action]);
        if ($answer->text('state') === 'succeeded') {
            $data = $operation['data'];
            if ($action === 'create') {
                $memory['product'] = $data['product_code'];
                $memory['ip'] = $data['ip'];
            } elseif ($action === 'change_ip') {
                $memory['ip'] = $data['new_ip'];
            } elseif ($action === 'apply_updowngrade') {
                $memory['product'] = $data['new_product_code'];
            } elseif ($action === 'delete' && $memory['generation'] === $operation['generation']) {
                $memory = ['generation' => $memory['generation'] + 1, 'product' => '', 'ip' => ''] + $memory;
            }
        }
        $this->remember($memory);
    }

    public function create($order_options = [])
    {
        try {
            $memory = $this->memory();
            $key = "{$this->order['id']}:create:{$memory['generation']}";
            // Once bought, the license stays where it was bought whatever the fields say since.
            $begun = $memory['open']['create'] ?? null;
            $data = $begun !== null && $begun['key'] === $key ? $begun['data']
                : $this->data($memory) + ['billing_months' => $this->months()];
            $this->carryOut('create', $this->operation('create', $key, $data));
            return ['config' => $this->order['options']['config']];
        } catch (\Throwable $trouble) {
            return $this->fail(__FUNCTION__, $trouble);
        }
    }

    public function renewal($order_options = [])
    {
        try {
            $memory = $this->memory();
            $begun = $memory['open']['renewal'] ?? null;
            if ($begun === null) {
                $due = substr((string) ($this->order['duedate'] ?? ''), 0, 10);
                $begun = $this->operation('renewal', "{$this->order['id']}:renew:$due",
                    $this->data($memory) + ['billing_months' => $this->months()]);
            }
            return $this->carryOut('renewal', $begun);
        } catch (\Throwable $trouble) {
            return $this->fail(__FUNCTION__, $trouble);
        }
    }

    private function act(string $action, array $more = []): bool
    {
        try {
            return $this->carryOut($action, $this->operation($action, '', $this->data($this->memory()) + $more));
        } catch (\Throwable $trouble) {
            return $this->fail($action, $trouble);
        }
    }

    public function suspend()
    {
        return $this->act('suspend');
    }

    public function unsuspend()
    {
        return $this->act('unsuspend');
    }

    public function delete()
    {
        return $this->act('delete');
    }

    public function apply_updowngrade($product = [])
    {
        $wanted = trim((string) ($product['module_data']['product_code'] ?? ''));
        $memory = $this->memory();
        if ($wanted === '' || $wanted === ($memory['product'] !== '' ? $memory['product'] : $this->setting('product_code'))) {
            return true; // an upgrade of something that is not the license
        }
        return $this->act('apply_updowngrade', ['new_product_code' => $wanted]);
    }

    private function move(string $address): bool
    {
        $memory = $this->memory();
        if (filter_var($address, FILTER_VALIDATE_IP) === false) {
            $this->error = $this->texts()->get('bad_address', $address);
            return false;
        }
        if ($address === $memory['ip']) {
            $this->error = $this->texts()->get('same_address', $address, 'IP');
            return false;
        }
        return $this->act('change_ip', ['new_ip' => $address]);
    }

    /** Fields of a product in WISECP: which license it sells. */
    public function config_options($data = [])
    {
        $options = ['product_code' => ['name' => $this->texts()->get('product'), 'type' => 'text', 'width' => '50',
            'value' => $data['product_code'] ?? '']];
        try {
            $options['product_code']['options'] = $this->client()->products();
            $options['product_code']['type'] = 'dropdown';
        } catch (\Throwable $trouble) {
            $options['product_code']['description'] = $this->texts()->get('no_view', $trouble->getMessage());
        }
        $options['client_moves'] = ['name' => $this->texts()->get('change_address'), 'type' => 'approval',
            'checked' => !empty($data['client_moves'])];
        return $options;
    }

    public function configuration()
    {
        return $this->get_page('configuration', ['m_name' => $this->_name, 'lang' => $this->lang,
            'config' => $this->config]);
    }

    /** Saves only what the bridge accepts: "Save and test" is one step. */
    public function controller_settings()
    {
        $settings = ['url' => (string) Filter::init('POST/url', 'hclear'),
            'source' => (string) Filter::init('POST/source', 'hclear'),
            'secret' => (string) Filter::init('POST/secret', 'password'),
            'wait' => (int) Filter::init('POST/wait', 'numbers')];
        if ($settings['secret'] === '' || $settings['secret'] === '*****') {
            $settings['secret'] = (string) ($this->config['settings']['secret'] ?? '');
        }
        try {
            $this->client($settings)->ping();
            $config = $this->config;
            $config['settings'] = $settings + ($config['settings'] ?? []);
            $this->save_config($config);
            echo Utility::jencode(['status' => 'successful', 'message' => $this->lang['saved'] ?? 'OK']);
            return true;
        } catch (\Throwable $trouble) {
            echo Utility::jencode(['status' => 'error', 'message' => $trouble->getMessage()]);
            return false;
        }
    }

    public function clientArea()
    {
        $license = [];
        try {
            $orders = $this->client()->serviceOrders((string) $this->order['id']);
            $license = $orders[0]['license'] ?? [];
        } catch (\Throwable $trouble) {
            $this->fail(__FUNCTION__, $trouble);
        }
        return $this->clientArea_buttons_output() . $this->get_page('clientArea-home', ['license' => $license,
            'texts' => $this->texts()]);
    }

    public function clientArea_buttons()
    {
        return $this->setting('client_moves') === '' || $this->setting('client_moves') === '0' ? []
            : ['change_ip' => ['text' => $this->texts()->get('change_address'), 'type' => 'function', 'target_blank' => true]];
    }

    /** A page of its own: the form first, then what came of it, without any word that is staff's. */
    public function use_clientArea_change_ip()
    {
        $texts = $this->texts();
        $address = trim((string) Filter::POST('new_ip'));
        if ($this->clientArea_buttons() === []) {
            echo $texts->get('not_allowed');
        } elseif ($address === '') {
            echo '<form method="post"><label>', htmlspecialchars($texts->get('new_address')),
                ' <input name="new_ip" maxlength="45" required></label> <button>',
                htmlspecialchars($texts->get('change_address')), '</button></form>';
        } elseif ($this->move($address)) {
            echo htmlspecialchars($texts->word('state', 'succeeded'));
        } else {
            $open = isset($this->memory()['open']['change_ip']);
            echo htmlspecialchars($texts->get($open ? 'client_waits' : 'client_failed'));
        }
        return true;
    }

    public function adminArea_buttons()
    {
        return ['change_ip' => ['text' => $this->texts()->get('change_address'), 'type' => 'transaction']];
    }

    /** Moves the license to the address that staff have saved in the order's field. */
    public function use_adminArea_change_ip()
    {
        $good = $this->move($this->setting('ip'));
        echo Utility::jencode($good ? ['status' => 'successful', 'message' => $this->texts()->word('state', 'succeeded')]
            : ['status' => 'error', 'message' => $this->error]);
        return $good;
    }

    public function adminArea_service_fields()
    {
        $fields = ['ip' => ['name' => $this->texts()->get('address'), 'type' => 'text', 'value' => $this->setting('ip')]];
        try {
            $text = '';
            foreach ($this->client()->serviceOrders((string) $this->order['id']) as $order) {
                $text .= htmlspecialchars("{$order['order_id']} {$order['type']}: "
                    . $this->texts()->word('state', (string) $order['state']) . ' ' . ($order['reason'] ?? '')
                    . " ({$this->texts()->get('attempts')} {$order['attempts']}, {$this->texts()->get('credits')} "
                    . ($order['credits'] ?? '0') . ')') . '<br>';
            }
        } catch (\Throwable $trouble) {
            $text = htmlspecialchars($this->texts()->get('no_view', $trouble->getMessage()));
        }
        $fields['orders'] = ['name' => $this->texts()->get('orders'), 'type' => 'output', 'value' => $text];
        return $fields;
    }

    public function save_adminArea_service_fields($data = [])
    {
        $address = trim((string) ($data['new']['creation_info']['ip'] ?? ''));
        if ($address !== '' && filter_var($address, FILTER_VALIDATE_IP) === false) {
            $this->error = $this->texts()->get('bad_address', $address);
            return false;
        }
        return ['creation_info' => $data['new']['creation_info'], 'config' => $data['new']['config'],
            'options' => $data['new']['options']];
    }
}
