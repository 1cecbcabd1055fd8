using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// Makes the calling thread access files as another user, so that work in a folder of that user has no more rights than
/// the user: a link that is exchanged in the meantime points to nothing that the user cannot access. The thread's file
/// system user, its group and its groups change until <see cref="Dispose"/>; there must be no await in between. Source:
/// setfsuid(2), capabilities(7), "Effect of user ID changes on capabilities".
/// </summary>
public readonly ref partial struct ActingUser
{
    private readonly uint[]? _groups;

    private ActingUser(uint[] groups) => _groups = groups;

    /// <summary>Acts as a user; nothing changes for root, or in a process that does not run as root.</summary>
    /// <param name="owner">User and group by number; null for the user that the process has.</param>
    /// <exception cref="Win32Exception">The kernel refuses the change.</exception>
    public static ActingUser As((uint User, uint Group)? owner) => owner is { } other ? As(other.User, [other.Group]) : default;

    /// <summary>The same with further groups.</summary>
    /// <param name="user">The user by number.</param>
    /// <param name="own">Its groups, the first one of them for what it creates.</param>
    /// <exception cref="Win32Exception">The kernel refuses the change.</exception>
    public static ActingUser As(uint user, uint[] own)
    {
        const uint noGroup = 65534;
        if (user == 0 || geteuid() != 0) return default;
        var groups = Groups();
        SetGroups(own.Length > 1 ? own[1..] : []);
        Call(SetFsGid, own.Length == 0 ? noGroup : own[0], 0, 0);
        Call(SetFsUid, user, 0, 0);
        if ((uint)Call(SetFsUid, nuint.MaxValue, 0, 0) == user) return new ActingUser(groups);
        Restore(groups);
        throw new Win32Exception("the kernel does not let this process act as another user");
    }

    /// <summary>Becomes root again.</summary>
    public void Dispose()
    {
        if (_groups is not null) Restore(_groups);
    }

    /// <summary>User and group of a folder or file; a link is not followed.</summary>
    /// <exception cref="IOException">The file does not exist, or cannot be accessed.</exception>
    public static (uint User, uint Group) OwnerOf(string path)
    {
        var status = FileFacts.Of(path);
        return (status.User, status.Group);
    }

    /// <summary>The capabilities are restored with the user, so the user is restored first.</summary>
    private static void Restore(uint[] groups)
    {
        Call(SetFsUid, 0, 0, 0);
        Call(SetFsGid, 0, 0, 0);
        SetGroups(groups);
        if ((uint)Call(SetFsUid, nuint.MaxValue, 0, 0) != 0) Environment.FailFast("The thread could not become root again.");
    }

    private static unsafe uint[] Groups()
    {
        var count = (int)Check(Call(GetGroups, 0, 0, 0));
        var groups = new uint[count];
        fixed (uint* list = groups) Check(Call(GetGroups, (nuint)count, (nuint)list, 0));
        return groups;
    }

    private static unsafe void SetGroups(uint[] groups)
    {
        fixed (uint* list = groups) Check(Call(SetGroupsOf, (nuint)groups.Length, (nuint)list, 0));
    }

    private static nint Check(nint result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    // The kernel's numbers of its calls. Source: asm/unistd_64.h, asm-generic/unistd.h.
    private static bool IsX64 => RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static nint SetFsUid => IsX64 ? 122 : 151;
    private static nint SetFsGid => IsX64 ? 123 : 152;
    private static nint GetGroups => IsX64 ? 115 : 158;
    private static nint SetGroupsOf => IsX64 ? 116 : 159;

    /// <summary>The setgroups of glibc changes every thread; the bare system call changes this one alone.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nuint first, nuint second, nuint third);

    [LibraryImport("libc")]
    private static partial uint geteuid();
}
