using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Holdfast.Tests.Backends;

namespace Holdfast.ServerTests.Remote;

/// <summary>rclone on its pipes keeps the promises of <see cref="IBackend"/>.</summary>
public sealed class RcloneContractTests : BackendContract, IDisposable
{
    private readonly RcloneRemote _rclone = new();

    protected override IBackend Empty => RcloneTests.BackendOf(_rclone);

    protected override bool KnowsPlaces => false;

    public void Dispose() => _rclone.Dispose();
}
