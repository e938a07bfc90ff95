<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * A callback of the bridge. What it says about an order is only a reason to ask: the module command that is not
 * done yet is run once more, finds its order under the same key and comes back with the bridge's own word, so that
 * WHMCS sets the status, clears its queue and sends its welcome mail exactly as if the first try had succeeded.
 */
namespace LicenseBridge\Whmcs;

use LicenseBridge\Callback;
use LicenseBridge\CallbackRefused;
use LicenseBridge\Client;

final class Notice
{
    private const COMMANDS = ['create' => 'ModuleCreate', 'suspend' => 'ModuleSuspend',
        'unsuspend' => 'ModuleUnsuspend', 'terminate' => 'ModuleTerminate'];

    /** The HTTP status to answer with: 200, or what makes the bridge send it again. */
    public static function receive(array $headers, string $body): int
    {
        try {
            $callback = self::verified($headers, $body);
        } catch (CallbackRefused $refused) {
            logActivity('License Bridge: a callback was refused: ' . $refused->getMessage());
            return $refused->getCode();
        }
        $memory = Panel::memory();
        if ($memory->callbackKnown($callback->id)) {
            return 200;
        }
        if (!self::handle($callback, $memory)) {
            return 503;
        }
        $memory->callbackKeep($callback->id);
        return 200;
    }

    private static function verified(array $headers, string $body): Callback
    {
        $keys = [];
        foreach (Panel::servers() as $server) {
            $own = Client::secretsRead($server['serveraccesshash']);
            $keys = array_merge($keys, array_values($own !== [] ? $own : Client::secretsRead($server['serverpassword'])));
        }
        return Callback::read($headers, $body, $keys, time());
    }

    private static function handle(Callback $callback, Memory $memory): bool
    {
        $data = $callback->data;
        $texts = Panel::staffTexts();
        if (strncmp($callback->type, 'order.', 6) === 0) {
            return self::order($data, $memory);
        }
        if ($callback->type === 'balance.low') {
            self::tell($texts->get('callback_low', (string) ($data['account'] ?? ''), (string) ($data['balance'] ?? '')));
        } elseif ($callback->type === 'license.invalid') {
            self::tell($texts->get('callback_invalid', (string) ($data['service_id'] ?? ''), (string) ($data['reason'] ?? '')));
        }
        return true; // what a newer bridge tells besides is no trouble
    }

    private static function order(array $data, Memory $memory): bool
    {
        $operation = $memory->operation((string) ($data['operation_key'] ?? ''));
        $state = (string) ($data['state'] ?? '');
        $texts = Panel::staffTexts();
        if ($operation === null || $operation['state'] === 'superseded' || Memory::ended($operation)) {
            return true;
        }
        if ($state === 'succeeded' && isset(self::COMMANDS[$operation['action']])) {
            $answer = localAPI(self::COMMANDS[$operation['action']], self::service($operation));
            $now = $memory->operation($operation['okey']);
            return ($answer['result'] ?? '') === 'success' || ($now !== null && Memory::ended($now));
        }
        if ($state === 'succeeded') {
            return self::askAgain($operation, $memory);
        }
        $operation['state'] = $state;
        $operation['reason'] = (string) ($data['reason'] ?? '');
        $memory->operationSave($operation);
        self::tell($texts->get('callback_state', (string) ($data['order_id'] ?? ''), (string) $operation['serviceid'],
            $operation['action'], $texts->word('state', $state), $operation['reason'] !== '' ? ': ' . $operation['reason'] : ''));
        return true;
    }

    /** Renewals and changes have no command of WHMCS's API: the module's own function runs with the service's params. */
    private static function askAgain(array $operation, Memory $memory): bool
    {
        $answer = localAPI('ModuleCustom', self::service($operation) + ['func_name' => 'finish']);
        $now = $memory->operation($operation['okey']);
        return ($answer['result'] ?? '') === 'success' || ($now !== null && Memory::ended($now));
    }

    /** Versions of WHMCS differ in what they call it. */
    private static function service(array $operation): array
    {
        return ['serviceid' => (int) $operation['serviceid'], 'accountid' => (int) $operation['serviceid']];
    }

    private static function tell(string $text): void
    {
        logActivity($text);
        localAPI('SendAdminEmail', ['customsubject' => 'License Bridge', 'custommessage' => View::text($text),
            'type' => 'system']);
    }
}
