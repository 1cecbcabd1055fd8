using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Holdfast.Tests.Backends;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>A REST server keeps the promises of <see cref="IBackend"/>.</summary>
public sealed class RestContractTests : BackendContract, IAsyncLifetime
{
    private RestServer _server = null!;

    protected override IBackend Empty => new RestBackend(RestLocation.Parse(_server.Location), new RestOptions());

    protected override bool KnowsPlaces => !RestServer.IsRclone;

    public async ValueTask InitializeAsync() => _server = await RestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
