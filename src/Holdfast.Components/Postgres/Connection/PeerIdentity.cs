using System.ComponentModel;
using System.Runtime.InteropServices;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// Connects as another system user, for servers with "peer" authentication, which ask the kernel for the user at the
/// other end of a socket. Linux takes the credentials of the thread that called connect(2): so one short-lived thread
/// of root changes its own, connects, and changes them back. Sources: unix(7), SO_PEERCRED; setresuid(2), "C
/// library/kernel differences".
/// </summary>
internal static partial class PeerIdentity
{
    private const uint Unchanged = uint.MaxValue;

    public static async Task<(uint User, uint Group)> FindAsync(IHost host, string name, CancellationToken cancellation)
    {
        var user = await NumberAsync(host, "-u", name, cancellation);
        return (user, await NumberAsync(host, "-g", name, cancellation));
    }

    public static Task<T> RunAsAsync<T>((uint User, uint Group) identity, Func<T> act)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Run(identity, act, done)) { IsBackground = true, Name = "postgres peer" };
        thread.Start();
        return done.Task;
    }

    private static void Run<T>((uint User, uint Group) identity, Func<T> act, TaskCompletionSource<T> done)
    {
        try
        {
            Change(identity.User, identity.Group);
            T result;
            try
            {
                result = act();
            }
            finally
            {
                Change(0, 0);
            }
            done.SetResult(result);
        }
        catch (Exception exception)
        {
            done.SetException(exception);
        }
    }

    /// <summary>Changes user and group; the group is changed while the thread still is, or again is, root.</summary>
    private static void Change(uint user, uint group)
    {
        if (user == 0) SetUser(user);
        Check(Call(SetResGid, Unchanged, group, Unchanged));
        if (user != 0) SetUser(user);
    }

    private static void SetUser(uint user) => Check(Call(SetResUid, Unchanged, user, Unchanged));

    private static void Check(nint result)
    {
        if (result != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    private static async Task<uint> NumberAsync(IHost host, string option, string name, CancellationToken cancellation)
    {
        var (result, output) = await host.RunAsync(new ProgramCall(host.FindProgram("id") ?? "/usr/bin/id", [option, "--", name]), cancellation);
        if (result.ExitCode == 0 && uint.TryParse(output.Trim(), out var number)) return number;
        throw Catalogue.PostgresAuthentication.Throwable($"There is no system user \"{name}\", which 'system-user' in the profile names.");
    }

    /// <summary>The system call numbers of the kernel. Source: asm/unistd_64.h, asm-generic/unistd.h.</summary>
    private static nint SetResUid => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 117 : 147;

    private static nint SetResGid => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 119 : 149;

    /// <summary>glibc's own setresuid changes every thread; the bare system call changes only this one.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nuint real, nuint effective, nuint saved);
}
