using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>One scratch cluster for all tests of a class; each test uses databases of its own.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync();

    public ValueTask DisposeAsync() => Server is null ? ValueTask.CompletedTask : Server.DisposeAsync();
}
