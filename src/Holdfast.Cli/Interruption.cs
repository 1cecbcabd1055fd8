using System.Runtime.InteropServices;

namespace Holdfast.Cli;

/// <summary>
/// The one token that ctrl-c and SIGTERM cancel. The process never ends by the signal itself, because undos may be
/// pending: a second ctrl-c changes nothing, nor does one that arrives after the run has ended. SIGHUP, which is sent
/// when an SSH session is lost, does not end a run: a backup or restore continues.
/// </summary>
internal static class Interruption
{
    private static readonly CancellationTokenSource _source = new();

    // For as long as the process lives: without them a signal would end it, whatever it is about to return.
    private static readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>From now on signals cancel the token that is returned.</summary>
    public static CancellationToken Listen()
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true));
        return _source.Token;
    }

    private static void Cancel(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _source.Cancel();
    }
}
