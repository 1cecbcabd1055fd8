using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;
using Holdfast.Tests.Backends;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>An object store keeps the promises of <see cref="IBackend"/>; its pages have 20 keys.</summary>
public sealed class S3ContractTests(SharedStore store) : BackendContract, IAsyncLifetime
{
    private string _location = null!;

    protected override IBackend Empty => new S3Backend(S3Location.Parse(_location), S3BackendTests.Ours);

    public async ValueTask InitializeAsync() => _location = (await store.GetAsync()).NewLocation();

    public ValueTask DisposeAsync() => default;
}
