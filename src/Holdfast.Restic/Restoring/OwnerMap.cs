using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>Whom files of a snapshot belong to on this machine: who has the same name, or else the same number.</summary>
internal sealed class OwnerMap(bool numeric)
{
    public uint User(Node node) => numeric || node.User.Length == 0 ? node.Uid : Accounts.UserNumber(node.User) ?? node.Uid;

    public uint Group(Node node) => numeric || node.Group.Length == 0 ? node.Gid : Accounts.GroupNumber(node.Group) ?? node.Gid;
}
