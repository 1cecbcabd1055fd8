using System.Diagnostics;
using Holdfast.Testing;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>kill -9 at instants of chance within the time that a program takes.</summary>
/// <param name="random">Draws the instants.</param>
/// <param name="length">How long it took when nobody killed it. One that has ended before its kill says it anew: the machine may be quicker by now.</param>
internal sealed class Killer(Random random, TimeSpan length)
{
    private TimeSpan _length = length;

    /// <summary>How many were still running.</summary>
    public int Killed { get; private set; }

    public async Task KillAsync(Process process)
    {
        var began = DateTime.Now;
        process.StandardInput.Close();
        var reading = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await Eventually.PassAsync(random.NextDouble() * _length, "an instant of chance");
        process.Kill();
        await process.WaitForExitAsync();
        await reading;
        if (process.ExitCode == 128 + 9) Killed++;
        else _length = process.ExitTime - began;
    }
}
