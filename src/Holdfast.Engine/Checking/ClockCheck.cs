using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Checking;

/// <summary>
/// Checks that the clock of this machine is synchronized by a time service: ages, locks and retention depend on it.
/// </summary>
/// <param name="read">Queries the kernel.</param>
public sealed class ClockCheck(Func<KernelClock> read) : ICheckSource
{
    public string Name => "clock";

    public string Question => "synchronised";

    public Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<CheckLine>>([Judge(Read())]);

    private CheckLine Judge(KernelClock clock) => clock.IsSynchronised
        ? new CheckLine(Name, Question, CheckState.Pass, $"off by {clock.MaximumError.TotalMilliseconds:0} ms at most")
        : new CheckLine(Name, Question, CheckState.Warn, "no time service keeps this clock") { Hint = "Start chronyd or systemd-timesyncd: ages of recovery points, locks and retention go by the clock." };

    private KernelClock Read()
    {
        try
        {
            return read();
        }
        catch (IOException refused)
        {
            throw Catalogue.CheckFailed.Throwable($"The kernel does not say: {refused.Message}.", "In a container, ask the machine that it runs on.", refused);
        }
    }
}
