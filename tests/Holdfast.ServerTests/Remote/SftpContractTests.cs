using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Holdfast.Tests.Backends;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>OpenSSH keeps the promises of <see cref="IBackend"/>, by SFTP.</summary>
public class SftpContractTests : BackendContract, IAsyncLifetime
{
    private SftpServer _server = null!;

    protected override IBackend Empty => SftpBackendTests.BackendOf(_server);

    /// <summary>Words for the server.</summary>
    protected virtual string Words => "";

    public async ValueTask InitializeAsync() => _server = await SftpServer.StartAsync(Words);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>So does a server that has none of OpenSSH's extensions, and that renames nothing over another file.</summary>
public sealed class BareSftpContractTests : SftpContractTests
{
    protected override string Words => "-P posix-rename,fsync,statvfs,limits";
}
