using Xunit;

namespace Holdfast.ServerTests.Quiescing;

/// <summary>
/// One shop for all tests of a class: bringing one up takes many seconds. What dead workers had taken is done by others after 8 seconds, and
/// a backup does not wait long for it.
/// </summary>
public sealed class ShopFixture : IAsyncLifetime
{
    private ShopScene? _shop;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>The shop. It is opened by the first test, which is skipped where no shop can be had.</summary>
    internal async Task<ShopScene> OpenAsync()
    {
        if (_shop is not null) return _shop;
        _shop = await ShopScene.OpenAsync(visibility: 8);
        await _shop.Box.BashAsync("sed -i 's/drain-timeout: 10s/drain-timeout: 3s\\n      inspect-timeout: 2s/' /etc/holdfast/profile.yaml; /holdfast/holdfast profile validate");
        return _shop;
    }

    public ValueTask DisposeAsync() => _shop is null ? ValueTask.CompletedTask : _shop.DisposeAsync();
}
