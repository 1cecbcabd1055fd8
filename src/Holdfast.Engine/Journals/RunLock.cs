using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Journals;

/// <summary>
/// At most one run for a platform on this machine. It is a flock, which dies with its process: nothing is left behind by
/// kill -9. The file holds a line on who has it, for the message to the other one.
/// </summary>
public sealed class RunLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private RunLock(SafeFileHandle file, string platform) => (_file, Platform) = (file, platform);

    public string Platform { get; }

    /// <summary>Takes the lock.</summary>
    /// <param name="state">Where locks are kept.</param>
    /// <param name="platform">The platform that the run is for.</param>
    /// <param name="holder">What another one is told: "process 4711, since 2026-11-22 21:04:00Z".</param>
    /// <exception cref="ProblemException">Another run holds it; the message names its process and since when.</exception>
    public static RunLock Take(StateDirectory state, string platform, string holder) =>
        TryTake(state, platform, holder, out var other) ?? throw Catalogue.RunInProgress.Throwable($"Another run for the platform '{platform}' is in progress: {other}.");

    /// <summary>Takes the lock; one that is held for a certain purpose is waited for.</summary>
    /// <param name="state">Where locks are kept.</param>
    /// <param name="platform">The platform that the run is for.</param>
    /// <param name="holder">What another one is told.</param>
    /// <param name="waitFor">What the holder's own words begin with when it is waited for.</param>
    /// <param name="patience">For so long.</param>
    /// <param name="clock">Measures it.</param>
    /// <exception cref="ProblemException">Another run holds it, or still does.</exception>
    internal static async Task<RunLock> TakeAfterAsync(StateDirectory state, string platform, string holder, string waitFor, TimeSpan patience, TimeProvider clock)
    {
        for (var began = clock.GetTimestamp(); clock.GetElapsedTime(began) < patience; await Task.Delay(TimeSpan.FromMilliseconds(100), clock))
        {
            if (TryTake(state, platform, holder, out var other) is { } taken) return taken;
            if (!other.StartsWith(waitFor, StringComparison.Ordinal)) break;
        }
        return Take(state, platform, holder);
    }

    /// <summary>Takes the lock, or returns null and who holds it.</summary>
    public static RunLock? TryTake(StateDirectory state, string platform, string holder, out string other)
    {
        var path = Path.Combine(state.Locks, platform);
        other = "";
        try
        {
            var file = LibC.OpenOrCreate(path);
            if (LibC.TryLock(file)) return new RunLock(Sign(file, holder), platform);
            using (file) other = Holder(file);
            return null;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"The lock '{path}' cannot be taken: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_file.IsClosed) return;
        LibC.Release(_file);
        _file.Dispose();
    }

    /// <summary>Not read through a FileStream: that would ask for a lock of its own, and be refused.</summary>
    private static string Holder(SafeFileHandle file)
    {
        var text = new byte[256];
        var length = RandomAccess.Read(file, text, 0);
        return length > 0 ? Encoding.UTF8.GetString(text, 0, length).Trim() : "a process that has just begun";
    }

    private static SafeFileHandle Sign(SafeFileHandle file, string holder)
    {
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(holder + "\n"), 0);
        return file;
    }
}
