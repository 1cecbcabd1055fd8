using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Backends;

public sealed class FaultyBackendTests : BackendContract
{
    private static readonly string Name = Id.Hash([1]).ToString();

    protected override IBackend Empty { get; } = new FaultyBackend(new MemoryBackend());

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_fail_from_the_chosen_one_on_and_then_work_again()
    {
        var backend = new FaultyBackend(new MemoryBackend());
        backend.Fail(BackendCalls.Save, from: 2, times: 2, ResticError.ReadOnly);
        await backend.SaveAsync(FileKind.Pack, Name, new byte[1], Now);
        await FailsAsync(ResticError.ReadOnly, () => backend.SaveAsync(FileKind.Pack, Name, new byte[1], Now).AsTask());
        await FailsAsync(ResticError.ReadOnly, () => backend.SaveAsync(FileKind.Pack, Name, new byte[1], Now).AsTask());
        await backend.SaveAsync(FileKind.Pack, Name, new byte[1], Now);
    }

    [Fact]
    public async Task A_full_place_takes_what_fits_and_no_more()
    {
        var memory = new MemoryBackend();
        var backend = new FaultyBackend(memory) { Capacity = 10 };
        await backend.SaveAsync(FileKind.Pack, Name, new byte[10], Now);
        await FailsAsync(ResticError.Full, () => backend.SaveAsync(FileKind.Index, Name, new byte[1], Now).AsTask());
        Assert.Empty(memory.Names(FileKind.Index));
    }
}
