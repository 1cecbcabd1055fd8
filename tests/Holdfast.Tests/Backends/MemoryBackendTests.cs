using Holdfast.Restic.Backends;
using Holdfast.Testing;

namespace Holdfast.Tests.Backends;

public sealed class MemoryBackendTests : BackendContract
{
    protected override IBackend Empty { get; } = new MemoryBackend();
}
