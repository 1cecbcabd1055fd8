using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>Names of users and groups by number, cached because a look-up may use the network.</summary>
public static unsafe class Accounts
{
    private static readonly ConcurrentDictionary<uint, string> Users = new(), Groups = new();
    private static readonly ConcurrentDictionary<string, uint?> UserNumbers = new(StringComparer.Ordinal), GroupNumbers = new(StringComparer.Ordinal);

    /// <summary>The effective uid of this process; 0 is root.</summary>
    public static uint EffectiveUser => Libc.geteuid();

    /// <summary>The effective gid of this process.</summary>
    public static uint EffectiveGroup => Libc.getegid();

    /// <summary>Returns the user's name, or "" when the number has none.</summary>
    public static string UserName(uint uid) => Users.GetOrAdd(uid, static id => LookUp(id, Libc.getpwuid_r));

    /// <summary>Returns the group's name, or "" when the number has none.</summary>
    public static string GroupName(uint gid) => Groups.GetOrAdd(gid, static id => LookUp(id, Libc.getgrgid_r));

    /// <summary>Returns the uid of a user of this machine; null when there is no user of this name.</summary>
    public static uint? UserNumber(string name) => UserNumbers.GetOrAdd(name, static user => Number(user, Libc.getpwnam_r));

    /// <summary>Returns the gid of a group of this machine; null when there is no group of this name.</summary>
    public static uint? GroupNumber(string name) => GroupNumbers.GetOrAdd(name, static group => Number(group, Libc.getgrnam_r));

    /// <summary>
    /// Returns all groups of a user of this machine, the primary group first; none when the number has no name.
    /// </summary>
    public static uint[] GroupsOf(uint uid)
    {
        const int most = 4096; // The kernel takes 65536; more than some dozens are rare.
        if (UserName(uid) is not { Length: > 0 } name || FirstGroup(uid) is not { } first) return [];
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        var groups = new uint[most];
        var count = most;
        fixed (uint* list = groups)
            return Libc.getgrouplist(ref native.GetPinnableReference(), first, list, &count) < 0 ? [first] : [first, .. groups[..count].Where(group => group != first)];
    }

    // In struct passwd the gid follows the uid.
    private static uint? FirstGroup(uint uid)
    {
        var entry = stackalloc byte*[16];
        var buffer = new byte[1 << 16];
        byte** found;
        fixed (byte* start = buffer)
            return Libc.getpwuid_r(uid, entry, start, (nuint)buffer.Length, &found) == 0 && found != null ? *((uint*)(found + 2) + 1) : null;
    }

    private delegate int NameFinder(ref byte name, byte** entry, byte* buffer, nuint size, byte*** result);

    // In struct passwd and in struct group the number follows the pointers to the name and the password.
    private static uint? Number(string name, NameFinder find)
    {
        if (name.Contains('\0')) return null;
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        var entry = stackalloc byte*[16];
        byte** found;
        for (var size = 1024; size <= 1 << 20; size *= 4)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(size);
            fixed (byte* start = buffer)
            {
                var error = find(ref native.GetPinnableReference(), entry, start, (nuint)buffer.Length, &found);
                ArrayPool<byte>.Shared.Return(buffer);
                if (error != (int)Errno.ERANGE) return error == 0 && found != null ? *(uint*)(found + 2) : null;
            }
        }
        return null;
    }

    private delegate int Finder(uint id, byte** entry, byte* buffer, nuint size, byte*** result);

    private static string LookUp(uint id, Finder find)
    {
        for (var size = 1024; size <= 1 << 20; size *= 4) // a group with thousands of members needs this much
        {
            var buffer = ArrayPool<byte>.Shared.Rent(size);
            try
            {
                if (TryLookUp(id, find, buffer, out var name)) return name;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        return "";
    }

    // struct passwd and struct group both begin with the pointer to the name and are under 64 bytes long.
    private static bool TryLookUp(uint id, Finder find, byte[] buffer, out string name)
    {
        var entry = stackalloc byte*[16];
        byte** found;
        fixed (byte* start = buffer)
        {
            var error = find(id, entry, start, (nuint)buffer.Length, &found);
            name = error == 0 && found != null ? FileName.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(found[0])) : "";
            return error != (int)Errno.ERANGE;
        }
    }
}
