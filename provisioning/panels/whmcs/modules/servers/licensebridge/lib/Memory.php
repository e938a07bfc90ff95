<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * What the module has to remember in WHMCS's database, in tables of its own: which generation of a service is
 * sold, where its license is, which operations were sent under which key, and which invoice lines were paid.
 *
 * An operation is written before it is sent. Whatever happens then, the next try finds its key and its bytes, so
 * that it means the same order. Plain SQL that MySQL and SQLite both speak; no row is ever deleted.
 */
namespace LicenseBridge\Whmcs;

use LicenseBridge\Client;

final class Memory
{
    private const TABLES = [
        'CREATE TABLE IF NOT EXISTS mod_licensebridge_service (
           serviceid INT PRIMARY KEY, generation INT NOT NULL, serial INT NOT NULL,
           product_code VARCHAR(200) NOT NULL, ip VARCHAR(45) NOT NULL)',
        'CREATE TABLE IF NOT EXISTS mod_licensebridge_operation (
           okey VARCHAR(190) PRIMARY KEY, serviceid INT NOT NULL, action VARCHAR(20) NOT NULL, generation INT NOT NULL,
           serial INT NOT NULL, body TEXT NOT NULL, order_id VARCHAR(20) NOT NULL, state VARCHAR(20) NOT NULL,
           reason TEXT NOT NULL, updated INT NOT NULL)',
        'CREATE TABLE IF NOT EXISTS mod_licensebridge_item (
           itemid INT PRIMARY KEY, serviceid INT NOT NULL, invoiceid INT NOT NULL, kind VARCHAR(10) NOT NULL,
           months INT NOT NULL, period_end VARCHAR(10) NOT NULL, done INT NOT NULL)',
        'CREATE TABLE IF NOT EXISTS mod_licensebridge_callback (
           delivery VARCHAR(128) PRIMARY KEY, at INT NOT NULL)',
    ];

    /** States of an operation that need nothing more; 'new' and 'refused' are ours, the rest the bridge's. */
    private const CLOSED = "('succeeded', 'failed', 'cancelled', 'refused', 'superseded')";

    private \PDO $pdo;

    public function __construct(\PDO $pdo)
    {
        $this->pdo = $pdo;
        try {
            $this->rows('SELECT delivery FROM mod_licensebridge_callback WHERE delivery = ?', ['']);
        } catch (\PDOException $missing) {
            foreach (self::TABLES as $table) {
                $this->pdo->exec($table);
            }
        }
    }

    private function run(string $sql, array $values): \PDOStatement
    {
        $statement = $this->pdo->prepare($sql);
        if ($statement === false || !$statement->execute($values)) {
            throw new \PDOException('the panel\'s database refused a statement');
        }
        return $statement;
    }

    public function rows(string $sql, array $values): array
    {
        return $this->run($sql, $values)->fetchAll(\PDO::FETCH_ASSOC);
    }

    private function row(string $sql, array $values): ?array
    {
        return $this->rows($sql, $values)[0] ?? null;
    }

    /** generation, serial, product_code, ip of a service; where nothing is known yet, the first generation. */
    public function service(int $serviceId): array
    {
        return $this->row('SELECT * FROM mod_licensebridge_service WHERE serviceid = ?', [$serviceId])
            ?? ['serviceid' => $serviceId, 'generation' => 1, 'serial' => 0, 'product_code' => '', 'ip' => ''];
    }

    public function serviceSave(array $service): void
    {
        $values = [$service['generation'], $service['serial'], $service['product_code'], $service['ip'],
            $service['serviceid']];
        if ($this->row('SELECT serviceid FROM mod_licensebridge_service WHERE serviceid = ?', [$service['serviceid']])) {
            $this->run('UPDATE mod_licensebridge_service SET generation = ?, serial = ?, product_code = ?, ip = ?
                        WHERE serviceid = ?', $values);
        } else {
            $this->run('INSERT INTO mod_licensebridge_service (generation, serial, product_code, ip, serviceid)
                        VALUES (?, ?, ?, ?, ?)', $values);
        }
    }

    /** The next generation, once: only from the one that has ended. */
    public function generationEnd(int $serviceId, int $generation): void
    {
        $service = $this->service($serviceId);
        if ((int) $service['generation'] === $generation) {
            $service['generation'] = $generation + 1;
            $this->serviceSave($service);
        }
    }

    public function operation(string $key): ?array
    {
        return $this->row('SELECT * FROM mod_licensebridge_operation WHERE okey = ?', [$key]);
    }

    /** The operation of this kind that was begun and has not ended. */
    public function operationOpen(int $serviceId, string $action): ?array
    {
        return $this->row('SELECT * FROM mod_licensebridge_operation WHERE serviceid = ? AND action = ?
                           AND state NOT IN ' . self::CLOSED . ' ORDER BY serial DESC', [$serviceId, $action]);
    }

    public function operationLast(int $serviceId, string $action): ?array
    {
        return $this->row('SELECT * FROM mod_licensebridge_operation WHERE serviceid = ? AND action = ?
                           ORDER BY generation DESC, serial DESC', [$serviceId, $action]);
    }

    /** A later wish takes the place of what was begun: another suspend after this one is a new order. */
    public function operationsSupersede(int $serviceId, array $actions, string $except): void
    {
        foreach ($actions as $action) {
            $this->run("UPDATE mod_licensebridge_operation SET state = 'superseded'
                        WHERE serviceid = ? AND action = ? AND okey <> ? AND state NOT IN " . self::CLOSED,
                [$serviceId, $action, $except]);
        }
    }

    public function operationSave(array $operation): void
    {
        $values = [$operation['body'], $operation['order_id'], $operation['state'], $operation['reason'], time(),
            $operation['okey']];
        if ($this->operation($operation['okey']) !== null) {
            $this->run('UPDATE mod_licensebridge_operation SET body = ?, order_id = ?, state = ?, reason = ?, updated = ?
                        WHERE okey = ?', $values);
        } else {
            $this->run('INSERT INTO mod_licensebridge_operation (body, order_id, state, reason, updated, okey, serviceid,
                        action, generation, serial) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                array_merge($values, [$operation['serviceid'], $operation['action'], $operation['generation'],
                    $operation['serial']]));
        }
    }

    /** Whether an operation has ended at the bridge. */
    public static function ended(array $operation): bool
    {
        return in_array($operation['state'], Client::FINISHED, true);
    }

    /** A paid invoice line, known once however often its invoice is marked paid. */
    public function itemRemember(array $item): void
    {
        if ($this->row('SELECT itemid FROM mod_licensebridge_item WHERE itemid = ?', [$item['itemid']]) === null) {
            $this->run('INSERT INTO mod_licensebridge_item (itemid, serviceid, invoiceid, kind, months, period_end, done)
                        VALUES (?, ?, ?, ?, ?, ?, 0)', [$item['itemid'], $item['serviceid'], $item['invoiceid'],
                $item['kind'], $item['months'], $item['period_end']]);
        }
    }

    public function items(int $serviceId, string $kind): array
    {
        return $this->rows('SELECT * FROM mod_licensebridge_item WHERE serviceid = ? AND kind = ? ORDER BY itemid',
            [$serviceId, $kind]);
    }

    public function itemDone(int $itemId): void
    {
        $this->run('UPDATE mod_licensebridge_item SET done = 1 WHERE itemid = ?', [$itemId]);
    }

    public function callbackKnown(string $delivery): bool
    {
        return $this->row('SELECT delivery FROM mod_licensebridge_callback WHERE delivery = ?', [$delivery]) !== null;
    }

    public function callbackKeep(string $delivery): void
    {
        if (!$this->callbackKnown($delivery)) {
            $this->run('INSERT INTO mod_licensebridge_callback (delivery, at) VALUES (?, ?)', [$delivery, time()]);
        }
    }
}
