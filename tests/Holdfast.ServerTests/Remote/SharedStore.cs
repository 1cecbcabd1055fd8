using Holdfast.ServerTests.Remote;
using Holdfast.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedStore))]

namespace Holdfast.ServerTests.Remote;

/// <summary>One object store for all tests, started by the first that asks for it.</summary>
public sealed class SharedStore : IAsyncDisposable
{
    private readonly Lazy<Task<ObjectStore>> _store = new(ObjectStore.StartAsync);

    public Task<ObjectStore> GetAsync() => _store.Value;

    public async ValueTask DisposeAsync()
    {
        if (_store is not { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) return;
        await (await _store.Value).DisposeAsync();
    }
}
