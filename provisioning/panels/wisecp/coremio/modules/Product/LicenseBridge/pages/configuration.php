<?php
// SPDX-License-Identifier: Apache-2.0
$settings = $config['settings'] ?? [];
$shown = ['url' => $settings['url'] ?? '', 'source' => $settings['source'] ?? '',
    'secret' => ($settings['secret'] ?? '') !== '' ? '*****' : '', 'wait' => (string) ($settings['wait'] ?? 15)];
?>
<form action="<?php echo Controllers::$init->getData('links')['controller']; ?>" method="post" id="LicenseBridgeSettings">
    <input type="hidden" name="operation" value="module_controller">
    <input type="hidden" name="module" value="LicenseBridge">
    <input type="hidden" name="controller" value="settings">
<?php foreach ($shown as $name => $value) { ?>
    <div class="formcon">
        <div class="yuzde30"><?php echo htmlspecialchars($lang[$name]); ?></div>
        <div class="yuzde70">
            <input type="<?php echo $name === 'secret' ? 'password' : 'text'; ?>" name="<?php echo $name; ?>"
                   value="<?php echo htmlspecialchars($value); ?>" autocomplete="off">
            <span class="kinfo"><?php echo htmlspecialchars($lang["$name-desc"] ?? ''); ?></span>
        </div>
    </div>
<?php } ?>
    <button type="submit" class="yesilbtn gonderbtn"><?php echo htmlspecialchars($lang['save']); ?></button>
    <p id="LicenseBridgeSaid" role="status"></p>
</form>
<script>
    // What the bridge said to the test stands below the button; without script the answer is a page of its own.
    document.getElementById('LicenseBridgeSettings').addEventListener('submit', async (event) => {
        const form = event.target, said = document.getElementById('LicenseBridgeSaid');
        event.preventDefault();
        said.textContent = '…';
        try {
            const answer = await fetch(form.getAttribute('action'), {method: 'POST', credentials: 'same-origin',
                headers: {'X-Requested-With': 'XMLHttpRequest'}, body: new URLSearchParams(new FormData(form))});
            const {status, message} = await answer.json();
            said.textContent = message;
            said.style.color = status === 'successful' ? '#2e7d32' : '#c62828';
        } catch (trouble) {
            said.textContent = String(trouble);
        }
    });
</script>
