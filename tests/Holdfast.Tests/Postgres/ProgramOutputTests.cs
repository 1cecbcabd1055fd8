using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Postgres;

public sealed class ProgramOutputTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_program_that_stays_silent_is_given_up(bool hasClosedItsOutput)
    {
        var clock = new ManualClock();
        await using var output = new ProgramOutput(new SilentProgram(hasClosedItsOutput), "pg_dump of database \"shop\"") { Clock = clock };
        var reading = output.ReadAsync(new byte[16], TestContext.Current.CancellationToken).AsTask();
        await Eventually.HoldsAsync("the silence is measured", () => Task.FromResult(clock.Waiting > 0));
        clock.Advance(ProgramOutput.Silence);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => reading)).Problem;
        Assert.Equal("HF-PG-DUMP", problem.Code);
        Assert.Contains("nothing for 60 minutes", problem.Message, StringComparison.Ordinal);
    }

    private sealed class SilentProgram(bool hasClosedItsOutput) : IRunningProgram
    {
        public Stream Input => Stream.Null;

        public Stream Output { get; } = hasClosedItsOutput ? Stream.Null : new SilentStream();

        public string Errors => "";

        public Task<ProgramResult> WaitAsync(CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation).ContinueWith<ProgramResult>(_ => throw new OperationCanceledException(), TaskScheduler.Default);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class SilentStream : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }
}
